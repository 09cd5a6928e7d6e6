"""Whatever is converted, refused, deleted or locked: a conversion happens once and whole, or not at all."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from model_world import CONVERTED, a_lead, an_org, every, make, row
from sizes import examples

from sync.mockorg import rows
from sync.mockorg.conversion import LeadConvert, convert

ORG = """
validation_rules:
  - {object: Opportunity, name: late, condition: "CONTAINS(Name, 'refuse me')", message: no}
duplicate_rules:
  - {name: Same mail, object: Contact, match: [Email], action: block}
"""
MAILS = st.sampled_from([None, "a@x.example", "b@x.example"])


class Conversions(RuleBasedStateMachine):
    leads = Bundle("leads")
    accounts = Bundle("accounts")

    def __init__(self) -> None:
        super().__init__()
        self.org = an_org(ORG)
        self.made_accounts = 0
        self.converted: dict[str, tuple[object, ...]] = {}

    @rule(target=leads, email=MAILS)
    def a_lead_comes_in(self, email: str | None) -> str:
        lead = a_lead(self.org, Email=email)
        make(self.org, "Task", WhoId=lead, Subject="Call")
        return lead

    @rule(target=accounts)
    def an_account_is_made(self) -> str:
        self.made_accounts += 1
        return make(self.org, "Account", Name="Known")

    @rule(lead=leads)
    def somebody_deletes_a_lead(self, lead: str) -> None:
        rows.delete(self.org, self.org.access.admin, "Lead", lead)

    @rule(account=accounts)
    def somebody_locks_an_account(self, account: str) -> None:
        self.org.locks.take_free(self.org.locks.holder(), [account])

    @rule(
        chosen=st.lists(leads, min_size=1, max_size=4),
        account=st.one_of(st.none(), accounts),
        name=st.sampled_from([None, "Deal", "refuse me", "x" * 81]),
        deal=st.sampled_from(["with", "without"]),
        status=st.sampled_from([CONVERTED, CONVERTED, "Nope"]),
    )
    def leads_are_converted(
        self, *, chosen: list[str], account: str | None, name: str | None, deal: str, status: str
    ) -> None:
        asked = [
            LeadConvert(
                lead_id=lead,
                converted_status=status,
                account_id=account,
                opportunity_name=name,
                do_not_create_opportunity=deal == "without",
            )
            for lead in chosen
        ]
        results = convert(self.org, self.org.access.admin, asked)
        assert len(results) == len(asked)
        for lead, result in zip(chosen, results, strict=True):
            assert result.success != bool(result.errors)
            if result.success:
                assert lead not in self.converted
                self.converted[lead] = (result.account_id, result.contact_id, result.opportunity_id)
                self.made_accounts += account is None

    @invariant()
    def leads_are_converted_exactly_when_the_answer_said_so(self) -> None:
        schema = self.org.schema.object("Lead")
        for lead in self.org.store.rows_where(schema, {}, deleted=True):
            ids = tuple(lead[f"Converted{name}Id"] for name in ("Account", "Contact", "Opportunity"))
            assert ids == self.converted.get(str(lead["Id"]), (None, None, None))
            assert bool(lead["IsConverted"]) == (lead["Status"] == CONVERTED) == (lead["Id"] in self.converted)

    @invariant()
    def nothing_is_left_over_from_refused_leads(self) -> None:
        assert len(every(self.org, "Account")) == self.made_accounts
        assert len(every(self.org, "Contact")) == len(self.converted)
        deals = [deal for _, _, deal in self.converted.values() if deal]
        assert len(every(self.org, "Opportunity")) == len(deals) == len(every(self.org, "OpportunityContactRole"))

    @invariant()
    def activities_are_where_their_person_is(self) -> None:
        contacts = {contact for _, contact, _ in self.converted.values()}
        for task in every(self.org, "Task"):
            person = str(task["WhoId"])
            if person.startswith("003"):
                assert person in contacts
                assert task["WhatId"] is not None
            else:
                assert row(self.org, "Lead", person)["IsConverted"] == 0


Conversions.TestCase.settings = settings(max_examples=examples(25), stateful_step_count=15, deadline=None)
TestConversions = Conversions.TestCase
