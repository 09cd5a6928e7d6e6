"""What happens to records and orgs over time: delete, undelete, merge, replication, locks, limits, snapshots."""

from __future__ import annotations

from datetime import timedelta

import pytest
from model_world import NOW, a_lead, an_org, converted, every, make, refusal, row

from sync.mockorg import merges, replication, rows
from sync.mockorg.behaviours import behaviour, behaviours
from sync.mockorg.errors import SalesforceError
from sync.mockorg.org import Org


def test_a_deleted_record_stays_as_a_row_and_takes_its_children_along(org: Org) -> None:
    lead = a_lead(org)
    task = make(org, "Task", WhoId=lead, Subject="x")
    org.clock.advance(60)
    assert rows.delete(org, org.access.admin, "Lead", lead).success
    assert (row(org, "Lead", lead)["IsDeleted"], row(org, "Task", task)["IsDeleted"]) == (1, 1)
    assert row(org, "Lead", lead)["SystemModstamp"] == "2026-05-04T09:31:00.000Z"
    assert refusal(rows.delete(org, org.access.admin, "Lead", lead)) == ("ENTITY_IS_DELETED", "entity is deleted")


def test_undelete_brings_back_what_went_together_and_nothing_else(org: Org) -> None:
    lead = a_lead(org)
    before, together = (make(org, "Task", WhoId=lead, Subject=subject) for subject in ("a", "b"))
    rows.delete(org, org.access.admin, "Task", before)
    org.clock.advance(60)
    rows.delete(org, org.access.admin, "Lead", lead)
    org.clock.advance(60)
    assert rows.undelete(org, org.access.admin, "Lead", lead).success
    assert [row(org, "Task", each)["IsDeleted"] for each in (before, together)] == [1, 0]
    assert refusal(rows.undelete(org, org.access.admin, "Lead", lead))[0] == "UNDELETE_FAILED"


def test_a_hard_delete_needs_its_permission_and_leaves_no_row(org: Org) -> None:
    lead = a_lead(org)
    assert merges.hard_delete(org, org.access.admin, "Lead", lead).success
    assert org.store.row(org.schema.object("Lead"), lead, deleted=True) is None
    plain = an_org("profiles:\n  - {name: System Administrator, modify_all_data: true}\n")
    with pytest.raises(SalesforceError, match="FEATURENOTENABLED"):
        merges.hard_delete(plain, plain.access.admin, "Lead", a_lead(plain))


def test_a_merge_leaves_losers_that_point_to_the_survivor_and_moves_their_children(org: Org) -> None:
    survivor, loser = a_lead(org), a_lead(org, LastName="Muller")
    task = make(org, "Task", WhoId=loser, Subject="x", Status="Completed", ActivityDate="2026-05-01")
    org.clock.advance(60)
    done = merges.merge(org, org.access.admin, "Lead", {"Id": survivor, "Title": "CEO"}, [loser])
    assert (done.success, done.id, done.merged_record_ids, task in done.updated_related_ids) == (
        True,
        survivor,
        (loser,),
        True,
    )
    gone = row(org, "Lead", loser)
    assert (gone["IsDeleted"], gone["MasterRecordId"], gone["SystemModstamp"]) == (
        1,
        survivor,
        "2026-05-04T09:31:00.000Z",
    )
    kept = row(org, "Lead", survivor)
    assert (kept["Title"], kept["LastActivityDate"], row(org, "Task", task)["WhoId"]) == ("CEO", "2026-05-01", survivor)


def test_a_merge_that_cannot_be_changes_nothing(org: Org) -> None:
    survivor, user = a_lead(org), org.access.admin
    assert merges.merge(org, user, "Lead", {"Id": survivor}, [survivor]).errors[0].code == "INVALID_CROSS_REFERENCE_KEY"
    assert not merges.merge(org, user, "Lead", {"Id": survivor}, []).success
    with pytest.raises(SalesforceError, match="INVALID_TYPE_FOR_OPERATION"):
        merges.merge(org, user, "Opportunity", {"Id": "x"}, ["y"])


def test_updated_lists_what_was_stamped_in_the_window_and_cuts_seconds(org: Org) -> None:
    first = a_lead(org)
    org.clock.advance(120)
    second = a_lead(org)
    org.clock.advance(120)
    all_of_it = replication.updated(org, "Lead", NOW - timedelta(minutes=5), org.clock.now())
    assert all_of_it.ids == (first, second)
    later = replication.updated(org, "Lead", NOW + timedelta(seconds=119), NOW + timedelta(seconds=190))
    assert later.ids == (second,)
    assert later.latest_date_covered == "2026-05-04T09:33:00.000Z"


def test_deleted_lists_merged_and_hard_deleted_records_too(org: Org) -> None:
    kept, soft, hard, merged = (a_lead(org) for _ in range(4))
    user = org.access.admin
    rows.delete(org, user, "Lead", soft)
    merges.hard_delete(org, user, "Lead", hard)
    merges.merge(org, user, "Lead", {"Id": kept}, [merged])
    org.clock.advance(60)
    found = replication.deleted(org, "Lead", NOW - timedelta(minutes=5), org.clock.now())
    assert {each for each, _ in found.records} == {soft, hard, merged}
    rows.undelete(org, user, "Lead", soft)
    found = replication.deleted(org, "Lead", NOW - timedelta(minutes=5), org.clock.now())
    assert {each for each, _ in found.records} == {hard, merged}


@pytest.mark.parametrize(
    ("verb", "start", "end"),
    [("updated", 31, 0), ("deleted", 16, 0), ("updated", 0, 0), ("updated", 1, 2)],
    ids=["30 days back", "15 days back", "empty", "backwards"],
)
def test_a_window_that_replication_cannot_answer_is_refused(org: Org, verb: str, start: int, end: int) -> None:
    with pytest.raises(SalesforceError) as caught:
        getattr(replication, verb)(org, "Lead", NOW - timedelta(days=start), NOW - timedelta(days=end))
    assert caught.value.code == "INVALID_REPLICATION_DATE"


def test_objects_without_replication_say_so(org: Org) -> None:
    with pytest.raises(SalesforceError) as caught:
        replication.updated(org, "LeadStatus", NOW - timedelta(hours=1), NOW)
    assert caught.value.code == "INVALID_TYPE"


def test_a_late_commit_appears_with_its_early_stamp_and_holds_the_watermark(org: Org) -> None:
    user = org.access.admin
    old = a_lead(org, Title="old")
    transaction = org.transactions.begin(user)
    new = org.transactions.insert(transaction, "Lead", {"LastName": "Late", "Company": "Slow"})
    org.transactions.update(transaction, "Lead", old, {"Title": "new"})
    org.clock.advance(timedelta(minutes=9))
    hour_ago = NOW - timedelta(hours=1)
    assert every(org, "Lead", Id=new) == []
    assert row(org, "Lead", old)["Title"] == "old"
    answer = replication.updated(org, "Lead", hour_ago, org.clock.now())
    assert (answer.ids, answer.latest_date_covered) == ((old,), "2026-05-04T09:30:00.000Z")
    org.transactions.commit(transaction)
    assert row(org, "Lead", new)["SystemModstamp"] == "2026-05-04T09:30:00.000Z"
    assert row(org, "Lead", old)["Title"] == "new"
    answer = replication.updated(org, "Lead", hour_ago, org.clock.now())
    assert (set(answer.ids), answer.latest_date_covered) == ({old, new}, "2026-05-04T09:39:00.000Z")


def test_a_transaction_rolled_back_leaves_nothing(org: Org) -> None:
    transaction = org.transactions.begin(org.access.admin)
    org.transactions.insert(transaction, "Lead", {"LastName": "Late", "Company": "Slow"})
    org.transactions.roll_back(transaction)
    assert every(org, "Lead") == []
    assert org.transactions.open == ()


def test_a_held_row_refuses_writes_of_others_and_of_its_children(org: Org) -> None:
    account = make(org, "Account", Name="A")
    holder = org.locks.holder()
    assert org.locks.take_free(holder, [account]) == frozenset()
    other = org.locks.holder()
    assert org.locks.take_free(other, [account]) == {account}
    user = org.access.admin
    assert refusal(rows.update(org, user, "Account", account, {"Phone": "1"}))[0] == "UNABLE_TO_LOCK_ROW"
    assert (
        refusal(rows.create(org, user, "Contact", {"LastName": "x", "AccountId": account}))[0] == "UNABLE_TO_LOCK_ROW"
    )
    with org.locks.acting(holder):
        assert rows.update(org, user, "Account", account, {"Phone": "1"}).success
    org.locks.release(holder)
    assert rows.update(org, user, "Account", account, {"Phone": "2"}).success
    assert org.locks.held == frozenset()


def test_the_quota_counts_24_hours_and_then_refuses() -> None:
    org = an_org("limits: {daily_api_requests: 3, calls_used: 1}")
    user = org.access.admin
    org.limits.charge_api_call(user)
    org.limits.charge_api_call(user)
    with pytest.raises(SalesforceError) as caught:
        org.limits.charge_api_call(user)
    assert (caught.value.code, caught.value.message, caught.value.status) == (
        "REQUEST_LIMIT_EXCEEDED",
        "TotalRequests Limit exceeded.",
        403,
    )
    assert org.limits.usage() == (3, 3)
    org.clock.advance(timedelta(hours=25))
    assert org.limits.usage() == (0, 3)


def test_only_so_many_long_calls_run_at_once() -> None:
    org = an_org("limits: {long_running_calls: 1}")
    org.limits.begin_long_call()
    with pytest.raises(SalesforceError, match="ConcurrentRequests"):
        org.limits.begin_long_call()
    org.limits.end_long_call()
    org.limits.begin_long_call()


def test_a_snapshot_restores_records_ids_and_usage(org: Org) -> None:
    kept = a_lead(org)
    snapshot = org.snapshot()
    first = a_lead(org, Company="Other")
    converted(org, kept)
    org.limits.charge_api_call(org.access.admin)
    org.restore(snapshot)
    assert [each["Id"] for each in every(org, "Lead")] == [kept]
    assert row(org, "Lead", kept)["IsConverted"] == 0
    assert org.limits.usage()[0] == 0
    assert a_lead(org, Company="Other") == first


def test_a_restored_org_answers_lists_of_ids_that_it_was_asked_before(org: Org) -> None:
    """SQLite's prepared statements outlive a restore; they once ended the process."""
    asked = "SELECT COUNT(*) FROM Lead WHERE Id IN (SELECT value FROM json_each(?)) AND {number} = {number}"
    snapshot = org.snapshot()
    for number in range(5):
        assert org.store.db.execute(asked.format(number=number), ["[]"]).fetchone() == (0,)
        org.store.db.execute("DELETE FROM Lead")
        org.restore(snapshot)


def test_the_same_seed_and_clock_make_the_same_org() -> None:
    first, second = an_org("queues: [{name: Web}]"), an_org("queues: [{name: Web}]")
    assert first.org_id == second.org_id
    for org in (first, second):
        converted(org, a_lead(org))
    for type_ in first.schema:
        assert first.store.rows_where(type_, {}) == second.store.rows_where(type_, {})


def test_a_fresh_org_has_the_developer_shape(org: Org) -> None:
    statuses = [(each["ApiName"], each["IsDefault"], each["IsConverted"]) for each in every(org, "LeadStatus")]
    assert statuses == [
        ("Open - Not Contacted", 1, 0),
        ("Working - Contacted", 0, 0),
        ("Closed - Converted", 0, 1),
        ("Closed - Not Converted", 0, 0),
    ]
    stages = {each["ApiName"]: each["DefaultProbability"] for each in every(org, "OpportunityStage")}
    assert (stages["Prospecting"], stages["Closed Won"], stages["Closed Lost"]) == (10.0, 100.0, 0.0)
    assert [each["IsActive"] for each in every(org, "User")] == [1]
    assert every(org, "Lead") == []
    assert org.org_id.startswith("00D")


def test_a_behaviour_has_one_place_and_a_sentence() -> None:
    known = {each.name: each for each in behaviours()}
    assert known["a lead converts once"].mark == "uncertain"
    assert known["late commit"].summary
    assert all(each.summary for each in behaviours() if each.module.startswith("sync.mockorg.conver"))

    def elsewhere() -> None:
        """Something else."""

    with pytest.raises(ValueError, match="a lead converts once"):
        behaviour("a lead converts once")(elsewhere)
