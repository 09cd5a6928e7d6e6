from __future__ import annotations

from model_world import a_lead, an_org, converted, every, make, refusal, row

WITH_QUEUE = """
users:
  - {username: admin@example.com, last_name: Admin}
  - {username: seller@example.com, last_name: Seller, profile: Standard User}
  - {username: gone@example.com, last_name: Gone, active: false}
queues:
  - {name: Web, members: [seller@example.com]}
"""


def test_a_lead_of_a_queue_needs_an_owner_even_when_merging() -> None:
    org = an_org(WITH_QUEUE)
    (queue,) = every(org, "Group", Type="Queue")
    account = make(org, "Account", Name="Acme")
    contact = make(org, "Contact", LastName="A", AccountId=account)
    lead = a_lead(org, OwnerId=queue["Id"])
    code, message = refusal(converted(org, lead, account_id=account, contact_id=contact))
    assert code == "INVALID_OWNER"
    assert message.startswith("Converted objects can only be owned by users.")
    assert refusal(converted(org, lead, owner_id=queue["Id"]))[0] == "INVALID_OWNER"
    seller = org.access.by_username("seller@example.com")
    assert seller is not None
    result = converted(org, lead, owner_id=seller.id)
    assert row(org, "Account", result.account_id)["OwnerId"] == seller.id


def test_an_inactive_owner_is_refused() -> None:
    org = an_org(WITH_QUEUE)
    gone = org.access.by_username("gone@example.com")
    assert gone is not None
    assert refusal(converted(org, a_lead(org), owner_id=gone.id))[0] == "INACTIVE_OWNER_OR_USER"
    left_behind = a_lead(org)
    org.store.update(org.schema.object("Lead"), left_behind, {"OwnerId": gone.id})
    assert refusal(converted(org, left_behind))[0] == "INACTIVE_OWNER_OR_USER"


def test_new_records_belong_to_the_leads_owner_and_existing_ones_keep_theirs() -> None:
    org = an_org(WITH_QUEUE)
    seller = org.access.by_username("seller@example.com")
    assert seller is not None
    account = make(org, "Account", Name="Acme")
    result = converted(org, a_lead(org, OwnerId=seller.id), account_id=account)
    assert row(org, "Account", account)["OwnerId"] == org.access.admin.id
    assert row(org, "Contact", result.contact_id)["OwnerId"] == seller.id
    assert row(org, "Opportunity", result.opportunity_id)["OwnerId"] == seller.id


def test_open_tasks_of_the_converting_user_go_to_the_new_owner_and_no_others() -> None:
    org = an_org(WITH_QUEUE)
    seller = org.access.by_username("seller@example.com")
    assert seller is not None
    lead = a_lead(org, OwnerId=seller.id)
    mine = make(org, "Task", WhoId=lead, Subject="a")
    done = make(org, "Task", WhoId=lead, Subject="b", Status="Completed")
    assert converted(org, lead).success
    assert row(org, "Task", mine)["OwnerId"] == seller.id
    assert row(org, "Task", done)["OwnerId"] == org.access.admin.id
