from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from model_world import NOW, a_lead, an_org, converted, every, make, row

from sync.mockorg.clock import Clock
from sync.mockorg.data import DataError, dump_folder, load_folder, org_from_folder
from sync.mockorg.ids import checksum
from sync.mockorg.org import Org
from sync.mockorg.org_yaml import OrgYamlError

if TYPE_CHECKING:
    from pathlib import Path


def loaded(folder: Path, **files: str) -> Org:
    for name, text in files.items():
        (folder / name.replace("_yaml", ".yaml").replace("_csv", ".csv")).write_text(text, encoding="utf-8")
    return org_from_folder(folder, seed=7, clock=Clock(NOW, frozen=True))


def problems(folder: Path, **files: str) -> list[str]:
    with pytest.raises(DataError) as caught:
        loaded(folder, **files)
    return list(caught.value.problems)


def test_keys_become_the_same_id_across_files(tmp_path: Path) -> None:
    org = loaded(
        tmp_path,
        Account_csv="Id,Name\nacme,Acme\n",
        Contact_csv="Id,LastName,AccountId\n1,Miller,acme\n",
        Lead_csv="Id,LastName,Company\n1,Roe,Roe Ltd\n",
        Task_csv="Id,WhoId,WhatId,Subject\nt,1,acme,Call\n".replace("t,1", "t,lead-x").replace("lead-x", ""),
    )
    (account,), (contact,), (lead,) = every(org, "Account"), every(org, "Contact"), every(org, "Lead")
    assert contact["AccountId"] == account["Id"]
    assert str(contact["Id"]).startswith("003")
    assert str(lead["Id"]).startswith("00Q")
    assert every(org, "Task")[0]["AccountId"] == account["Id"]


def test_valid_ids_are_kept_and_15_become_18(tmp_path: Path) -> None:
    org = loaded(tmp_path, Lead_csv="Id,LastName,Company\n00Q5g00000KLmnO,Roe,Roe\n00Q5g00000KLmnPEAT,Doe,Doe\n")
    assert [str(each["Id"])[:15] for each in every(org, "Lead")] == ["00Q5g00000KLmnO", "00Q5g00000KLmnP"]
    assert all(len(str(each["Id"])) == 18 for each in every(org, "Lead"))


def test_what_a_file_leaves_out_is_worked_out(tmp_path: Path) -> None:
    org = loaded(
        tmp_path,
        Lead_csv="Id,FirstName,LastName,Company\nl1,Ann,Miller,Acme\n",
        Opportunity_csv="Id,Name,StageName,CloseDate,Amount\no1,Deal,Closed Won,2026-02-01,100\n",
        Task_csv="WhoId,Subject,Status,ActivityDate\nl1,Call,Completed,2026-03-01\n",
        Event_csv="WhoId,Subject,StartDateTime,DurationInMinutes\nl1,Demo,2026-04-01T10:00:00Z,60\n",
    )
    (lead,), (deal,), (task,), (event,) = (every(org, name) for name in ("Lead", "Opportunity", "Task", "Event"))
    assert (lead["Name"], lead["Status"], lead["OwnerId"]) == (
        "Ann Miller",
        "Open - Not Contacted",
        org.access.admin.id,
    )
    assert (lead["LastActivityDate"], lead["SystemModstamp"]) == ("2026-04-01", "2026-05-04T09:30:00.000Z")
    assert (deal["IsWon"], deal["Probability"], deal["Fiscal"], deal["ForecastCategory"]) == (
        1,
        100.0,
        "2026 1",
        "Closed",
    )
    assert (task["IsClosed"], task["TaskSubtype"], event["EndDateTime"]) == (1, "Task", "2026-04-01T11:00:00.000Z")


def test_what_a_file_gives_is_kept(tmp_path: Path) -> None:
    org = loaded(
        tmp_path,
        Lead_csv=(
            "LastName,Company,Name,IsConverted,Status,CreatedDate\nA,B,Mr A,true,Whatever,2020-01-02T03:04:05.000Z\n"
        ),
    )
    (lead,) = every(org, "Lead")
    assert (lead["Name"], lead["IsConverted"], lead["Status"]) == ("Mr A", 1, "Whatever")
    assert (lead["CreatedDate"], lead["SystemModstamp"]) == ("2020-01-02T03:04:05.000Z",) * 2


def test_headers_in_any_case_quotes_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    org = loaded(
        tmp_path, Lead_csv='\ufeff"ID","lastname","COMPANY","Description"\n"a","Roe","Roe, Ltd","two\nlines"\n'
    )
    assert every(org, "Lead")[0]["Company"] == "Roe, Ltd"


PEOPLE = """
users:
  - {username: admin@example.com, last_name: Admin}
  - {username: ann.bee@example.com, first_name: Ann, last_name: Bee}
queues: [{name: Web Leads}]
record_types: {Lead: [{name: Partner}]}
"""


@pytest.mark.parametrize("name", ["ann.bee@example.com", "Ann Bee", "user-ann-bee"])
def test_users_can_be_named_by_what_they_are_called(tmp_path: Path, name: str) -> None:
    org = loaded(tmp_path, org_yaml=PEOPLE, Lead_csv=f"LastName,Company,OwnerId,RecordTypeId\nA,B,{name},Partner\n")
    ann = org.access.by_username("ann.bee@example.com")
    assert ann is not None
    (lead,) = every(org, "Lead")
    assert lead["OwnerId"] == ann.id
    assert lead["RecordTypeId"] == every(org, "RecordType")[0]["Id"]


def test_queues_can_be_named_and_unknown_owners_become_users(tmp_path: Path) -> None:
    org = loaded(tmp_path, org_yaml=PEOPLE, Lead_csv="LastName,Company,OwnerId\nA,B,Web_Leads\nC,D,bob\nE,F,bob\n")
    queue, bob, same = [each["OwnerId"] for each in every(org, "Lead")]
    assert queue == every(org, "Group", Type="Queue")[0]["Id"]
    assert bob == same
    made = org.access.user(str(bob))
    assert made is not None
    assert row(org, "User", made.id)["IsActive"] == 1
    assert converted(org, str(every(org, "Lead")[1]["Id"])).success


def test_a_user_file_gives_the_orgs_users_their_ids_and_adds_others(tmp_path: Path) -> None:
    org = loaded(
        tmp_path,
        org_yaml=PEOPLE,
        User_csv=(
            "Id,Username,LastName,IsActive\n"
            "0055g00000ABCDE,ann.bee@example.com,Bee,true\n"
            "carl,carl@example.com,Cox,false\n"
        ),
        Lead_csv="LastName,Company,OwnerId\nA,B,0055g00000ABCDE\nC,D,carl\n",
    )
    ann, carl = org.access.by_username("ann.bee@example.com"), org.access.by_username("carl@example.com")
    assert ann is not None
    assert carl is not None
    assert ann.id[:15] == "0055g00000ABCDE"
    assert [each["OwnerId"] for each in every(org, "Lead")] == [ann.id, carl.id]
    assert (row(org, "User", carl.id)["IsActive"], carl.setting.active) == (0, False)


def test_deleted_rows_come_in_as_deleted(tmp_path: Path) -> None:
    org = loaded(tmp_path, Lead_csv="Id,LastName,Company,IsDeleted,MasterRecordId\na,A,B,false,\nb,A,B,true,a\n")
    (kept,) = every(org, "Lead")
    gone = org.store.deletions(org.schema.object("Lead"), "2000", "3000")
    assert row(org, "Lead", gone[0][0])["MasterRecordId"] == kept["Id"]


def test_problems_are_named_with_file_line_column_and_fix(tmp_path: Path) -> None:
    assert problems(tmp_path, Leed_csv="Id\n1\n") == ["Leed.csv:1: the org has no object Leed; did you mean Lead.csv?"]
    (tmp_path / "Leed.csv").unlink()
    assert problems(tmp_path, Lead_csv="LastName,Compny,Budget__c\nA,B,1\n") == [
        "Lead.csv:1: Compny: Lead has no such field; did you mean Company?",
        "Lead.csv:1: Budget__c: Lead has no such field; a custom field must be in org.yaml under custom_fields",
    ]
    found = problems(
        tmp_path,
        Lead_csv=(
            "Id,LastName,Company,AnnualRevenue,IsConverted,ConvertedDate,Description\n"
            'a,A,B,12,false,,"one\ntwo"\n'
            "b,A,B,many,perhaps,soon,\n"
            "a,,B,1,true,2026-01-01,\n"
        ),
    )
    assert found == [
        "Lead.csv:5: LastName: a value is needed here",
        "Lead.csv:4: AnnualRevenue: 'many' is not a value of type currency (INVALID_TYPE_ON_FIELD_IN_RECORD)",
        "Lead.csv:4: IsConverted: 'perhaps' is not a value of type boolean (INVALID_TYPE_ON_FIELD_IN_RECORD)",
        "Lead.csv:4: ConvertedDate: 'soon' is not a value of type date (INVALID_TYPE_ON_FIELD_IN_RECORD)",
    ]


def test_ids_that_stand_twice_or_belong_elsewhere_are_problems(tmp_path: Path) -> None:
    found = problems(tmp_path, Lead_csv="Id,LastName,Company\na,A,B\na,A,B\n0015g00000ABCDE,A,B\n")
    assert found == [
        "Lead.csv:3: Id: line 2 has this id or key already",
        "Lead.csv:4: Id: 0015g00000ABCDEAA2 is not the id of a Lead; those start with 00Q".replace(
            "0015g00000ABCDEAA2", found[1].split()[2]
        ),
    ]


def test_keys_that_are_nowhere_or_in_two_files_are_problems(tmp_path: Path) -> None:
    assert problems(tmp_path, Account_csv="Id,Name\na,A\n", Contact_csv="LastName,AccountId\nX,a\nY,b\n") == [
        "Contact.csv:3: AccountId: the key 'b' is in no Id column of Account.csv"
    ]
    assert problems(
        tmp_path,
        Contact_csv="Id,LastName\n1,X\n",
        Lead_csv="Id,LastName,Company\n1,A,B\n",
        Task_csv="WhoId,Subject\n1,Call\n",
    ) == ["Task.csv:2: WhoId: the key '1' is in Contact.csv and in Lead.csv; rename one"]


def test_a_row_of_the_wrong_width_is_a_problem(tmp_path: Path) -> None:
    assert problems(tmp_path, Lead_csv="LastName,Company\nA,B\nC\n") == [
        "Lead.csv:3: 1 cells, but the header has 2 columns"
    ]


def test_a_folder_with_a_problem_loads_nothing(tmp_path: Path, org: Org) -> None:
    (tmp_path / "Account.csv").write_text("Id,Name\na,A\n", encoding="utf-8")
    (tmp_path / "Lead.csv").write_text("LastName,Company,AnnualRevenue\nA,B,x\n", encoding="utf-8")
    with pytest.raises(DataError):
        load_folder(org, tmp_path)
    assert every(org, "Account") == []


def test_a_dumped_org_loads_as_the_same_org(tmp_path: Path) -> None:
    org = an_org(PEOPLE)
    lead = a_lead(org, Email="a@b.example", AnnualRevenue=12.5)
    make(org, "Task", WhoId=lead, Subject="Call, then write", Description="two\nlines", Status="Completed")
    converted(org, lead)
    a_lead(org, LastName="Ünal")
    dump_folder(org, tmp_path)
    again = org_from_folder(tmp_path, seed=99, clock=Clock(NOW, frozen=True))
    for type_ in org.schema:
        rows = org.store.rows_where(type_, {}, deleted=True)
        assert sorted(again.store.rows_where(type_, {}, deleted=True), key=lambda each: str(each["Id"])) == rows, (
            type_.name
        )
    assert again.org_id == org.org_id
    assert again.settings == org.settings


def test_a_new_id_never_repeats_a_loaded_one(tmp_path: Path) -> None:
    org = Org.create(seed=7, clock=Clock(NOW, frozen=True))
    known = [a_lead(org) for _ in range(3)]
    dump_folder(org, tmp_path)
    again = org_from_folder(tmp_path, seed=7, clock=Clock(NOW, frozen=True))
    assert a_lead(again) not in known


ORG_YAML_PROBLEMS = """
users:
  - username: a@b.example
    last_name: X
    profile: Nope
lead_statuses:
  - {name: New, default: true}
validation_rules:
  - {object: Lead, name: x, condition: "FOO(1)", message: no}
surprise: 1
"""


def test_keys_of_org_yaml_that_are_unknown_are_named_by_line() -> None:
    with pytest.raises(OrgYamlError) as caught:
        an_org(ORG_YAML_PROBLEMS)
    assert caught.value.problems == (
        "org.yaml:10: surprise: this key is not known here; check its spelling and its indentation",
    )


def test_parts_of_org_yaml_that_do_not_fit_are_named_by_line() -> None:
    with pytest.raises(OrgYamlError) as caught:
        an_org(ORG_YAML_PROBLEMS.replace("surprise: 1\n", ""))
    assert caught.value.problems == (
        "org.yaml:5: users.0.profile: there is no profile Nope; known are Standard User, System Administrator",
        "org.yaml:6: lead_statuses: at least one lead status is converted",
    )


def test_formulas_of_org_yaml_are_read_when_the_org_is_made() -> None:
    with pytest.raises(OrgYamlError) as caught:
        an_org(
            "validation_rules:\n"
            '  - {object: Lead, name: x, condition: "FOO(1)", message: no}\n'
            '  - {object: Lead, name: y, condition: "Nope__c = 1", message: no}\n'
            "conversion:\n"
            "  field_mapping: {Nope__c: [Account.Name]}\n"
            "features:\n"
            "  person_accounts: false\n"
        )
    assert caught.value.problems == (
        "org.yaml:2: validation_rules.0.condition: column 1: the function FOO is not one that the mock org knows",
        "org.yaml:3: validation_rules.1.condition: Lead has no field Nope__c",
        (
            "org.yaml:5: conversion.field_mapping.Nope__c: "
            "Lead has no custom field Nope__c; standard fields map by themselves"
        ),
    )


@pytest.mark.parametrize("feature", ["person_accounts", "multi_currency", "state_country_picklists"])
def test_a_feature_that_is_not_modelled_is_refused_when_the_org_is_made(feature: str) -> None:
    with pytest.raises(OrgYamlError, match="does not model this feature"):
        an_org(f"features: {{{feature}: true}}")


def test_text_that_is_no_yaml_is_refused_with_its_line() -> None:
    with pytest.raises(OrgYamlError, match=r"org\.yaml:2: this is not YAML"):
        an_org("users: [\n  }")


def test_an_id_column_that_turns_to_keys_after_thousands_of_ids_is_read_rightly(tmp_path: Path) -> None:
    ids = [body + checksum(body) for body in (f"00Q7R{number:010}" for number in range(4100))]
    (tmp_path / "Lead.csv").write_text(
        "Id,LastName,Company\n" + "".join(f"{each},Doe,Acme\n" for each in [*ids, "lead-last"])
    )
    (tmp_path / "Campaign.csv").write_text("Id,Name\nc,Spring\n")
    (tmp_path / "CampaignMember.csv").write_text("CampaignId,LeadId\nc,lead-last\n")
    (tmp_path / "Account.csv").write_text("Name,OwnerId\nAcme,somebody new\n")

    org = org_from_folder(tmp_path)

    assert org.store.count(org.schema.object("Lead")) == 4101
    member = org.store.rows_where(org.schema.object("CampaignMember"), {})[0]
    lead = org.store.row(org.schema.object("Lead"), str(member["LeadId"]))
    assert lead is not None
    assert lead["Name"] == "Doe"
    assert str(lead["Id"]) not in ids
    users = {str(row["Id"]) for row in org.store.rows_where(org.schema.object("User"), {})}
    assert {user.id for user in org.access.users} == users


def test_a_folder_that_cannot_be_loaded_leaves_no_users_behind(tmp_path: Path) -> None:
    (tmp_path / "Account.csv").write_text("Name,OwnerId,NumberOfEmployees\nAcme,somebody new,many\n")
    org = Org.create(seed=1)

    with pytest.raises(DataError):
        load_folder(org, tmp_path)

    assert len(org.access.users) == 1
