"""A mapping of a few fields of leads, tasks and lead history, and a moment to be at."""

from __future__ import annotations

from datetime import UTC, datetime

from sync.mapping import OrgMapping, digest, parse_mappings

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
STAMP = "2026-05-01T07:25:37.000+0000"

LEAD_YAML = """\
object: Lead
fields:
  company: {field: Company, type: text}
  email: {field: Email, type: email}
  name: {field: Name, type: text}
  budget: {field: Budget__c, type: currency}
  employees: {field: NumberOfEmployees, type: integer}
  pricing_discussed: {field: Pricing_Discussed__c, type: boolean}
  last_activity_at: {field: LastActivityDate, type: date}
  description: {field: Description, type: text}
"""
TASK_YAML = """\
object: Task
fields:
  who_id: {field: WhoId, type: id}
  subject: {field: Subject, type: text}
"""
HISTORY_YAML = """\
object: LeadHistory
fields:
  lead_id: {field: LeadId, type: id}
  new_value: {field: NewValue, type: text}
"""


def mapping_of(*texts: str) -> OrgMapping:
    objects, problems = parse_mappings((text, f"mappings/{number}.yaml") for number, text in enumerate(texts))
    assert problems == []
    return OrgMapping(objects=objects, digest=digest(objects.values()))
