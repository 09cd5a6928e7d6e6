from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sync.insight.mapping_fit import MappingFit, lint_mapping, suggest
from sync.mapping import OrgMapping, load_mapping, parse_mappings
from sync.model import FieldType
from sync.salesforce.describe import object_describe
from sync.salesforce.org import FieldDescribe, ObjectDescribe

ROOT = Path(__file__).parents[2]
RECORDINGS = Path(os.environ.get("LEADGATE_RECORDINGS", ROOT.parent / "shared" / "recordings"))

SYSTEM = {
    "Id": "id",
    "CreatedDate": "datetime",
    "SystemModstamp": "datetime",
    "IsDeleted": "boolean",
    "OwnerId": "reference",
    "Company": "string",
    "IsConverted": "boolean",
    "ConvertedDate": "date",
    "ConvertedAccountId": "reference",
    "ConvertedContactId": "reference",
    "ConvertedOpportunityId": "reference",
    "MasterRecordId": "reference",
}


def lead(*fields: FieldDescribe, queryable: bool = True) -> ObjectDescribe:
    status = FieldDescribe(name="Status", label="Status", type="picklist", updateable=True)
    system = [FieldDescribe(name=name, label=name, type=type_) for name, type_ in SYSTEM.items()]
    everything = {field.name: field for field in (*system, status, *fields)}
    return ObjectDescribe(name="Lead", label="Lead", key_prefix="00Q", fields=everything, queryable=queryable)


def mapped(*lines: str) -> OrgMapping:
    objects, problems = parse_mappings([("object: Lead\nfields:\n" + "\n".join(lines or ["  {}"]), "lead.yaml")])
    assert problems == []
    return OrgMapping(objects=objects)


def fit(*lines: str, fields: tuple[FieldDescribe, ...] = ()) -> MappingFit:
    return lint_mapping(mapped(*lines), {"Lead": lead(*fields)})


def budget(type_: str = "currency", *, calculated: bool = False) -> FieldDescribe:
    return FieldDescribe(name="Budget__c", label="Budget", type=type_, custom=True, calculated=calculated)


def test_a_mapping_that_fits_has_nothing_to_say() -> None:
    assert fit("  budget: {field: Budget__c, type: currency}", fields=(budget(),)) == MappingFit(errors=(), warnings=())


def test_every_misfit_is_reported_at_once_with_file_and_line() -> None:
    found = fit(
        "  budget: {field: Budgett__c, type: currency}",
        "  title: {field: Title, type: text}",
        "  revenue: {field: AnnualRevenue, type: text}",
        fields=(budget(), FieldDescribe(name="AnnualRevenue", label="Revenue", type="currency")),
    )

    assert [(p.file, p.line) for p in found.errors] == [("lead.yaml", 3), ("lead.yaml", 4), ("lead.yaml", 5)]
    assert "did you mean Budget__c?" in str(found.errors[0])
    assert "has no field Title that this user may read" in str(found.errors[1])
    assert "AnnualRevenue is a currency in Salesforce, which text doesn't fit" in str(found.errors[2])


def test_a_target_of_the_conversion_that_does_not_exist_is_an_error() -> None:
    account = ObjectDescribe(name="Account", label="Account", key_prefix="001", fields={}, queryable=True)
    line = "  budget: {field: Budget__c, type: currency, converts_to: [Account.Size__c]}"
    found = lint_mapping(mapped(line), {"Lead": lead(budget()), "Account": account})
    assert ["converts_to names Account.Size__c" in str(error) for error in found.errors] == [True]


def test_a_compound_field_can_not_be_mapped() -> None:
    address = FieldDescribe(name="Address", label="Address", type="address")

    (error,) = fit("  address: {field: Address, type: text}", fields=(address,)).errors

    assert error.fix == "map the fields that it is made of"


@pytest.mark.parametrize(
    ("type_", "ours"),
    [
        ("textarea", "text"),
        ("picklist", "text"),
        ("combobox", "text"),
        ("reference", "id"),
        ("int", "integer"),
        ("double", "number"),
        ("percent", "number"),
        ("currency", "number"),
        ("multipicklist", "multipicklist"),
        ("email", "text"),
        ("anyType", "text"),
    ],
)
def test_types_that_carry_the_same_values_fit(type_: str, ours: str) -> None:
    assert fit(f"  budget: {{field: Budget__c, type: {ours}}}", fields=(budget(type_),)).errors == ()


def test_a_formula_is_flagged_because_it_changes_unseen() -> None:
    found = fit("  budget: {field: Budget__c, type: currency}", fields=(budget(calculated=True),))

    assert found.errors == ()
    assert "is a formula" in str(found.warnings[0])


def test_a_status_that_this_user_may_not_edit_is_an_error() -> None:
    describe = lead(FieldDescribe(name="Status", label="Status", type="picklist", updateable=False))

    (error,) = lint_mapping(mapped(), {"Lead": describe}).errors

    assert "this user may not edit Lead.Status" in str(error)


@pytest.mark.parametrize("describe", [None, lead(queryable=False)])
def test_a_lead_that_can_not_be_read_is_an_error(describe: ObjectDescribe | None) -> None:
    (error,) = lint_mapping(mapped(), {"Lead": describe}).errors

    assert "this user sees no object Lead" in str(error)


def test_another_object_that_can_not_be_read_is_a_warning() -> None:
    objects, _ = parse_mappings([("object: Visit__c\nfields: {}\n", "visit.yaml")])

    found = lint_mapping(OrgMapping(objects=objects), {"Visit__c": None})

    assert found.errors == ()
    assert [str(w).split(":")[0] for w in found.warnings] == ["visit.yaml"]


def test_an_object_without_a_modstamp_can_not_be_pulled() -> None:
    objects, _ = parse_mappings([("object: Visit__c\nfields: {}\n", "visit.yaml")])
    describe = ObjectDescribe(
        name="Visit__c",
        label="Visit",
        key_prefix="a00",
        fields={"Id": FieldDescribe(name="Id", label="Id", type="id")},
    )

    (error,) = lint_mapping(OrgMapping(objects=objects), {"Visit__c": describe}).errors

    assert "Visit__c has no field SystemModstamp" in str(error)


def test_custom_fields_that_the_mapping_leaves_out_are_suggested_as_lines() -> None:
    fields = (
        budget(),
        FieldDescribe(name="Region__c", label="Sales region", type="picklist", custom=True),
        FieldDescribe(name="Region__pc", label="Home region", type="string", custom=True),
        FieldDescribe(name="Where__c", label="Where", type="location", custom=True),
        FieldDescribe(name="Title", label="Title", type="string"),
    )
    lead_mapping = mapped("  budget: {field: Budget__c, type: currency}")["lead"]

    lines = [s.line() for s in suggest(lead_mapping, lead(*fields))]

    assert lines == [
        "  region: {field: Region__c, type: picklist}  # Sales region",
        "  region_2: {field: Region__pc, type: text}  # Home region",
    ]
    assert "title" in {s.name for s in suggest(lead_mapping, lead(*fields), everything=True)}


def test_suggested_lines_parse_and_fit() -> None:
    fields = tuple(
        FieldDescribe(name=f"F{number}__c", label="a: #b", type=type_, custom=True)
        for number, type_ in enumerate(
            ["string", "boolean", "int", "double", "currency", "percent", "date", "datetime"]
        )
    )
    lines = [s.line() for s in suggest(mapped()["lead"], lead(*fields))]

    again = mapped(*lines)

    assert lint_mapping(again, {"Lead": lead(*fields)}).errors == ()
    assert again["lead"].fields["f4"].type is FieldType.CURRENCY


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="no recordings of real orgs here")
def test_the_shipped_mapping_fits_a_real_org_but_for_its_custom_fields() -> None:
    mapping = load_mapping(ROOT / "mappings")
    describes = {}
    for file in (RECORDINGS / "describe").glob("*_describe.json"):
        data = json.loads(file.read_text("utf-8"))
        if "fields" in data:
            describes[data["name"]] = object_describe(data)
    real = OrgMapping(objects={m.name: m for m in mapping if m.object in describes})

    errors = lint_mapping(real, describes).errors

    assert len(real.objects) == 5
    assert [e for e in errors if "__c" not in e.message] == []
    assert len(errors) == 9
