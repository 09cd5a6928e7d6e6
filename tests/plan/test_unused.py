"""What may be deleted again: only what nobody has changed and on which nothing hangs that came later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sync.plan.unused import Child, MadeRecord, uses

MADE = datetime(2026, 5, 4, 9, tzinfo=UTC)
US, OTHER = "005us", "005other"


def record(name: str, id_: str, *, modified_by: str = US, later: int = 0) -> MadeRecord:
    return MadeRecord(
        object=name,
        id=id_,
        lead_id="00Q",
        created_at=MADE,
        created_by=US,
        modified_at=MADE + timedelta(seconds=later),
        modified_by=modified_by,
        ours_until=MADE + timedelta(seconds=120),
    )


def child(name: str, id_: str, parent: str, *, by: str = US, later: int | None = 0) -> Child:
    at = None if later is None else MADE + timedelta(seconds=later)
    return Child(object=name, id=id_, parent_id=parent, created_at=at, created_by=by)


ACCOUNT, CONTACT = record("Account", "a"), record("Contact", "c")


def why(records: list[MadeRecord], children: list[Child], known: frozenset[str] = frozenset()) -> dict[str, str]:
    return {id_: use.code for id_, use in uses(records, children, ours={US}, known=known).items()}


def test_what_hangs_only_on_what_goes_too_goes() -> None:
    assert why([ACCOUNT, CONTACT], [child("Contact", "c", "a")]) == {}


def test_a_record_that_stays_keeps_what_it_hangs_on() -> None:
    changed = record("Contact", "c", modified_by=OTHER)
    assert why([ACCOUNT, changed], [child("Contact", "c", "a")]) == {"c": "changed_since", "a": "used_since"}


def test_a_later_change_by_leadgates_own_user_counts_too() -> None:
    assert why([record("Contact", "c", later=120)], []) == {}
    assert why([record("Contact", "c", later=121)], []) == {"c": "changed_since"}


def test_what_the_conversion_itself_added_is_no_use() -> None:
    role = child("OpportunityContactRole", "r", "c", later=5)
    assert why([CONTACT], [role]) == {}
    assert why([CONTACT], [child("OpportunityContactRole", "r", "c", later=61)]) == {"c": "used_since"}
    assert why([CONTACT], [child("OpportunityContactRole", "r", "c", by=OTHER)]) == {"c": "used_since"}
    assert why([CONTACT], [child("ContentDocumentLink", "f", "c", later=None)]) == {"c": "used_since"}


def test_another_leads_contact_in_the_same_minute_is_a_use() -> None:
    assert why([ACCOUNT], [child("Contact", "other", "a")]) == {"a": "used_since"}


def test_what_hung_on_the_lead_before_is_no_use() -> None:
    member = child("CampaignMember", "m", "c", later=-99999)
    assert why([CONTACT], [member]) == {"c": "used_since"}
    assert why([CONTACT], [member], frozenset({"m"})) == {}


ids = st.sampled_from("abcdefg")


@given(links=st.sets(st.tuples(ids, ids)), changed=st.sets(ids))
def test_nothing_that_goes_ever_has_something_on_it_that_stays(links: set[tuple[str, str]], changed: set[str]) -> None:
    records = [record("Contact", one, modified_by=OTHER if one in changed else US) for one in "abcdefg"]
    stays = why(records, [child("Contact", under, over) for under, over in links])
    assert changed <= set(stays)
    assert not any(under in stays and over not in stays for under, over in links)
