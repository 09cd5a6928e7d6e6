from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import MappingInvalid
from sync.mapping import OrgMapping, digest, load_mapping, parse_mappings, snake_case
from sync.model import FieldType

SHIPPED = Path(__file__).parents[1] / "mappings"

LEAD = """\
object: Lead
fields:
  company: {field: Company, type: text, required: true}
"""


def problems_of(text: str, file: str = "lead.yaml") -> list[str]:
    return [str(problem) for problem in parse_mappings([(text, file)])[1]]


@pytest.mark.parametrize(
    ("written", "targets"),
    [("[Opportunity.Size__c]", ("Opportunity.Size__c",)), ("Account.Region__c", ("Account.Region__c",)), ("[]", ())],
)
def test_a_lead_field_may_say_where_a_conversion_puts_it(written: str, targets: tuple[str, ...]) -> None:
    text = f"object: Lead\nfields:\n  budget: {{field: Budget__c, type: currency, converts_to: {written}}}\n"
    objects, problems = parse_mappings([(text, "lead.yaml")])
    assert not problems
    mapping = OrgMapping(objects=objects, digest=digest(objects.values()))
    assert mapping.conversion_targets() == {"Budget__c": targets}
    plain, _ = parse_mappings([(text.replace(f", converts_to: {written}", ""), "lead.yaml")])
    assert digest(plain.values()) != mapping.digest


@pytest.mark.parametrize(("name", "written"), [("Lead", "Lead.Budget__c"), ("Lead", "7"), ("Task", "Account.Name")])
def test_a_target_that_no_conversion_fills_is_refused_by_its_line(name: str, written: str) -> None:
    text = f"object: {name}\nfields:\n  budget: {{field: Budget__c, type: currency, converts_to: [{written}]}}\n"
    _, problems = parse_mappings([(text, "lead.yaml")])
    assert [(p.line, "converts_to" in f"{p}") for p in problems] == [(3, True)]


def test_the_shipped_mappings_load_and_name_every_object_that_leadgate_reads() -> None:
    mapping = load_mapping(SHIPPED)

    assert {o.name: o.object for o in mapping} == {
        "lead": "Lead",
        "opportunity": "Opportunity",
        "task": "Task",
        "event": "Event",
        "account": "Account",
        "contact": "Contact",
        "user": "User",
        "lead_history": "LeadHistory",
        "opportunity_history": "OpportunityHistory",
    }
    assert mapping["lead"].fields["pricing_discussed"].api_name == "Pricing_Discussed__c"


def test_fields_that_leadgate_needs_are_added_when_the_file_leaves_them_out() -> None:
    objects, problems = parse_mappings([(LEAD, "lead.yaml")])

    assert problems == []
    lead = objects["lead"]
    assert lead.fields["system_modstamp"].added
    assert lead.fields["master_record_id"].api_name == "MasterRecordId"
    assert not lead.fields["company"].added
    assert lead.by_api_name("company") is lead.fields["company"]


def test_an_append_only_history_gets_no_modstamp() -> None:
    objects, _ = parse_mappings([("object: LeadHistory\nfields:\n  lead_id: {field: LeadId, type: id}\n", "h.yaml")])

    assert "system_modstamp" not in objects["lead_history"].fields
    assert "created_at" in objects["lead_history"].fields


def test_every_problem_of_every_file_is_reported_at_once_with_its_line() -> None:
    broken = """\
object: Lead
colour: red
fields:
  Company: {field: Company, type: text}
  email: {field: Email, type: e-mail}
  phone: {field: Phone, type: phone, label: Telephone}
  budget: Budget__c
  owner: {field: Owner.Name, type: text}
  rating: {field: Rating, type: picklist, required: perhaps}
  seen_at: {field: Seen__c, type: datetime}
"""
    _, problems = parse_mappings([(broken, "lead.yaml"), ("object: [1]\n", "other.yaml")])

    assert [(p.file, p.line) for p in problems] == [
        ("lead.yaml", 2),
        ("lead.yaml", 4),
        ("lead.yaml", 5),
        ("lead.yaml", 6),
        ("lead.yaml", 7),
        ("lead.yaml", 8),
        ("lead.yaml", 9),
        ("lead.yaml", 10),
        ("other.yaml", 1),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("object: Lead\nfields: {\n", "lead.yaml:3: not valid YAML"),
        ("object: Lead\nfields:\n  a: {field: A__c, type: [text]}\n", "lead.yaml:3: a: unknown type"),
        ("object: Lead\nfields:\n  a: {field: A__c, type: text}\n  a: {field: B__c, type: text}\n", "lead.yaml:4: "),
        ("object: Lead\n", "lead.yaml:1: `fields:` is missing"),
        ("object: Two Words\nfields: {}\n", "lead.yaml:1: 'Two Words' is no API name"),
        ("", "lead.yaml:1: a mapping starts with"),
        ("- a\n", "lead.yaml:1: a mapping starts with"),
        ("object: Lead\nfields:\n  \x07: 1\n", "lead.yaml:1: not valid YAML"),
        ("object: Activity__c\nfields: {}\n", "lead.yaml:1: Activity__c can't be mapped"),
        ("object: Lead_Version__c\nfields: {}\n", "lead.yaml:1: Lead_Version__c can't be mapped"),
    ],
)
def test_a_file_that_cannot_be_understood_says_where_and_why(text: str, expected: str) -> None:
    assert any(problem.startswith(expected) for problem in problems_of(text)), problems_of(text)


def test_a_name_of_leadgates_own_must_mean_what_leadgate_means() -> None:
    text = "object: Lead\nfields:\n  status: {field: My_Status__c, type: picklist}\n"

    assert problems_of(text) == [
        "lead.yaml:3: status is reserved for Status (choose another name for this field)",
    ]


def test_a_field_of_leadgates_own_under_another_name_is_refused_at_its_line() -> None:
    text = "object: Lead\nfields:\n  lead_status: {field: Status, type: picklist}\n"

    assert problems_of(text) == ["lead.yaml:3: lead_status: Status goes by the name status here (name it status)"]


def test_a_field_of_leadgates_own_must_have_a_type_of_its_kind() -> None:
    text = (
        "object: Lead\nfields:\n"
        "  is_converted: {field: IsConverted, type: text}\n  company: {field: Company, type: picklist}\n"
    )

    assert problems_of(text) == ["lead.yaml:3: is_converted: IsConverted is of type boolean, not text"]


def test_one_api_field_may_not_have_two_names() -> None:
    text = "object: Lead\nfields:\n  a: {field: X__c, type: text}\n  b: {field: x__C, type: text}\n"

    assert problems_of(text) == ["lead.yaml:4: x__C is mapped twice: a, b"]


def test_one_object_may_not_be_mapped_by_two_files() -> None:
    _, problems = parse_mappings([(LEAD, "a.yaml"), (LEAD, "b.yaml")])

    assert [str(p) for p in problems] == ["b.yaml:1: Lead is mapped already in a.yaml"]


def test_a_folder_without_a_lead_mapping_is_refused(tmp_path: Path) -> None:
    (tmp_path / "task.yaml").write_text("object: Task\nfields: {}\n")

    with pytest.raises(MappingInvalid, match="no file maps the object Lead"):
        load_mapping(tmp_path)


def test_a_missing_folder_names_the_command_that_writes_one(tmp_path: Path) -> None:
    with pytest.raises(MappingInvalid) as refused:
        load_mapping(tmp_path / "none")

    assert refused.value.fix == "run `leadgate init` to write them"


def test_a_file_that_is_no_text_is_a_problem_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "lead.yaml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(MappingInvalid, match="can't be read: UnicodeDecodeError"):
        load_mapping(tmp_path)


def test_comments_order_and_layout_do_not_change_the_digest() -> None:
    one, _ = parse_mappings(
        [("object: Lead\nfields:\n  a: {field: A__c, type: text}\n  b: {field: B__c, type: url}\n", "x")]
    )
    two, _ = parse_mappings(
        [("# mine\nobject: Lead\nfields:\n  b:\n    type: url\n    field: B__c\n  a: {type: text, field: A__c}\n", "y")]
    )
    other, _ = parse_mappings([("object: Lead\nfields:\n  a: {field: A__c, type: url}\n", "x")])

    assert digest(one.values()) == digest(two.values())
    assert digest(one.values()) != digest(other.values())


@pytest.mark.parametrize(
    ("api_name", "expected"),
    [
        ("LeadHistory", "lead_history"),
        ("Pricing_Discussed__c", "pricing_discussed"),
        ("SystemModstamp", "system_modstamp"),
        ("OpportunityFieldHistory", "opportunity_field_history"),
        ("Email__pc", "email"),
        ("CompanyDUNSNumber", "company_duns_number"),
    ],
)
def test_our_name_of_an_api_name(api_name: str, expected: str) -> None:
    assert snake_case(api_name) == expected


@given(st.text(max_size=200))
def test_no_text_makes_the_parser_fall_over(text: str) -> None:
    objects, problems = parse_mappings([("object: Lead\nfields:\n  " + text, "lead.yaml"), (text, "x.yaml")])

    assert objects or problems


@given(type_name=st.sampled_from(sorted(t.value for t in FieldType)), required=st.booleans())
def test_every_type_can_be_mapped(type_name: str, *, required: bool) -> None:
    text = (
        f"object: Lead\nfields:\n  thing: {{field: Thing__c, type: {type_name}, required: {str(required).lower()}}}\n"
    )
    objects, problems = parse_mappings([(text, "lead.yaml")])

    assert problems == []
    assert objects["lead"].fields["thing"].type.value == type_name
    assert objects["lead"].fields["thing"].required is required
