"""The shipped templates made to fit one org: fields it lacks are taken out, its own are added, its words are used.

`leadgate init` uses it with a connection. It edits the template's lines rather than writing YAML anew, so that the
comments, which teach, stay. What can't be decided from the org alone is left, for the lint to name. Pure: text, facts
→ text, notes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sync.insight.mapping_fit import suggest
from sync.mapping import ObjectMapping
from sync.policy.lint import OrgWords
from sync.salesforce.org import ObjectDescribe

NOT_HERE = "  # not in this org: "
NEW = "Open - Not Contacted"
CONVERTED = "Closed - Converted"


@dataclass(frozen=True, slots=True)
class Fitted:
    """A template's text for this org, and what was changed in it."""

    text: str
    notes: tuple[str, ...]


def fit_mapping(text: str, mapped: ObjectMapping, described: ObjectDescribe) -> Fitted:
    """A mapping template without the fields that the org lacks, and with its custom fields.

    Args:
        text: The template.
        mapped: The template, parsed; its line numbers are those of `text`.
        described: The org's describe of the object.
    """
    lines = text.splitlines()
    notes: list[str] = []
    for field in mapped.fields.values():
        if field.line and described.field(field.api_name) is None:
            lines[field.line - 1] = NOT_HERE + lines[field.line - 1].strip()
            notes.append(f"{mapped.object}.{field.api_name} is not in this org: taken out as {field.name}")
    found = list(suggest(mapped, described))
    if found:
        lines += ["", "  # Found in this org:", *(line.line() for line in found)]
        added = "1 custom field" if len(found) == 1 else f"{len(found)} custom fields"
        notes.append(f"{mapped.object}: {added} of this org added")
    return Fitted("\n".join(lines) + "\n", tuple(notes))


def fit_policy(text: str, words: OrgWords, *, default_status: str | None, names: Collection[str]) -> Fitted:
    """The default policy in the org's words.

    Args:
        text: The template `config/readiness.yaml`.
        words: The org's statuses and stages.
        default_status: The status of a new lead.
        names: Our names of the lead fields that the fitted mapping still has.
    """
    notes: list[str] = []
    text = _statuses(text, words, default_status, notes)
    text = _stage(text, words, notes)
    if "pricing_discussed" not in names:
        text = text.replace('"pricing_discussed OR pricing_talk"', '"pricing_talk"')
        notes.append("no field says that pricing was discussed: criterion priced rests on activities alone")
    if "budget" not in names:
        text = text.replace('create: "budget IS NOT NULL"', "create: true").replace("    amount: budget\n", "")
        notes.append("no budget field: every conversion makes an opportunity, without an amount")
    if "last_activity_at" not in names:
        text = _without_transitions(text, ("last_activity_at",))
    return Fitted(text, tuple(notes))


def renamed_statuses(words: OrgWords, default_status: str | None) -> dict[str, str]:
    """Lead Statuses of the templates, and what the org calls the same."""
    known, renamed = set(words.statuses), {}
    if default_status and NEW not in known:
        renamed[NEW] = default_status
    if CONVERTED not in known and len(words.converted_statuses) == 1:
        renamed[CONVERTED] = words.converted_statuses[0]
    return renamed


def _statuses(text: str, words: OrgWords, default_status: str | None, notes: list[str]) -> str:
    known = set(words.statuses)
    for template, own in renamed_statuses(words, default_status).items():
        text = _renamed(text, template, own)
        whose = "a new lead's" if template == NEW else "the converted"
        notes.append(f"{whose} status here is {own!r}")
    missing = [status for status in ("Working - Contacted", "Closed - Not Converted") if status not in known]
    if missing:
        text = _without_transitions(text, missing)
        notes.append(f"transitions with {' and '.join(map(repr, missing))} taken out: this org has no such status")
    if "Closed - Not Converted" in missing:
        text = text.replace(" AND status NOT IN ('Closed - Not Converted')", "")
    return text


def _stage(text: str, words: OrgWords, notes: list[str]) -> str:
    still_open = [stage for stage in words.stages if stage not in words.closed_stages]
    if "Qualification" in still_open or not still_open:
        return text
    notes.append(f"new opportunities begin at {still_open[0]!r}")
    return re.sub(r"(?m)^(\s+stage: ).*$", lambda found: found[1] + _yaml(still_open[0]), text)


def _renamed(text: str, template: str, own: str) -> str:
    """The status in SQL (single quotes) and in YAML (double quotes)."""
    sql = own.replace("'", "''")
    return text.replace(f"'{template}'", f"'{sql}'").replace(f'"{template}"', _yaml(own))


def _without_transitions(text: str, words: Iterable[str]) -> str:
    lines = text.splitlines()
    for at, line in enumerate(lines):
        if line.lstrip().startswith("- {to:") and any(word in line for word in words):
            lines[at] = NOT_HERE + line.strip()
    if not any(line.lstrip().startswith("- {to:") for line in lines):
        lines = ["# transitions:" if line.startswith("transitions:") else line for line in lines]
    return "\n".join(lines) + "\n"


def _yaml(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
