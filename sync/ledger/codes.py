"""leadgate's own codes in the ledger: why nothing was sent, or why the org's state speaks for itself.

Salesforce's codes are explained by `sync.salesforce.faults`; these, in lower case, by this table. `apply` writes them,
the report and the command line say them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OwnCode:
    """What a code of leadgate's means."""

    cause: str
    fix: str
    running_again_helps: bool


_NEW_PLAN = "Make a new plan: it decides on what the lead is now"
_NOTHING = "Nothing: it is done"
_KEEP = "Look at the record, and delete it by hand if nobody needs it"

OVERTAKEN = "changed_before_conversion"
"""Noted beside a conversion that stays applied."""

OWN_CODES: Mapping[str, OwnCode] = {
    "activity_moved": OwnCode(
        "somebody has related the task or event to something else since the plan was made",
        _NOTHING,
        running_again_helps=False,
    ),
    "account_not_made": OwnCode(
        "the lead that it was to share a new account with was not converted",
        "Mend what stopped that lead, then make a new plan",
        running_again_helps=False,
    ),
    "converted_by_another": OwnCode("somebody converted the lead meanwhile", _NOTHING, running_again_helps=False),
    "done_by_another": OwnCode("somebody did the same meanwhile", _NOTHING, running_again_helps=False),
    OVERTAKEN: OwnCode(
        "fields that the decision rests on were changed in the minutes before the conversion, or by an automation with "
        "it",
        "Look at the lead; if it should not have been converted, `leadgate compensate LEAD` plans a new one",
        running_again_helps=False,
    ),
    "evidence_changed": OwnCode(
        "activities that the decision rests on changed, or newer ones came, after the plan was made",
        "Pull and make a new plan",
        running_again_helps=False,
    ),
    "lead_changed": OwnCode(
        "fields that the decision rests on changed after the plan was made", _NEW_PLAN, running_again_helps=False
    ),
    "lead_gone": OwnCode(
        "the lead was deleted or merged, or is no longer visible", "Pull and make a new plan", running_again_helps=False
    ),
    "ledger_disagrees": OwnCode(
        "the ledger says that this was done, but the org shows otherwise; was the org restored?",
        "If the org was restored or refreshed, give it a new name, and so a new state folder",
        running_again_helps=False,
    ),
    "lead_not_converted": OwnCode(
        "the org shows the lead as not converted", "Nothing: there is nothing to compensate", running_again_helps=False
    ),
    "lead_not_made": OwnCode(
        "the new lead that it belongs to was not made",
        "Mend what stopped the new lead, then apply the plan again",
        running_again_helps=True,
    ),
    "new_lead_ambiguous": OwnCode(
        "the answer was lost, and the org shows several leads that may be the new one, or one that is only like it",
        "Look at the leads that leadgate's user made at that time; delete those that are double, then run "
        "`leadgate recover`",
        running_again_helps=True,
    ),
    "not_executed": OwnCode(
        "the org was read back and shows that the request had no effect",
        "Apply the plan again",
        running_again_helps=True,
    ),
    "not_reached": OwnCode(
        "the run ended before its turn", "Mend what ended the run, then apply the plan again", running_again_helps=True
    ),
    "pre_image_changed": OwnCode(
        "what was saved of the lead is not what the plan was made from",
        "Make a new plan with `leadgate compensate`",
        running_again_helps=False,
    ),
    "pre_image_gone": OwnCode(
        "what was saved of the lead is not on this machine, or was forgotten",
        "Make a new lead by hand",
        running_again_helps=False,
    ),
    "pre_image_unsaved": OwnCode(
        "what the lead was couldn't be saved, so it was not converted",
        "Make room for the file of pre-images in the state folder, then apply the plan again",
        running_again_helps=True,
    ),
    "record_changed": OwnCode(
        "somebody changed the record after the plan was made, so it is not deleted", _KEEP, running_again_helps=False
    ),
    "record_gone": OwnCode(
        "the record was deleted or merged, or is no longer visible", _NOTHING, running_again_helps=False
    ),
    "record_used": OwnCode(
        "something hangs on the record that the plan didn't know of, so it is not deleted",
        _KEEP,
        running_again_helps=False,
    ),
    "still_in_doubt": OwnCode(
        "an earlier run sent it, and the org couldn't be read to see what happened",
        "Run `leadgate recover` when the org can be reached",
        running_again_helps=True,
    ),
    "waits_for_restoring": OwnCode(
        "something of the same lead was not given to the new lead, so nothing of it is deleted",
        "Mend what stopped that, then apply the plan again",
        running_again_helps=True,
    ),
    "waits_for_lead_in_doubt": OwnCode(
        "the lead that makes its account is in doubt",
        "Run `leadgate recover`, then apply again",
        running_again_helps=True,
    ),
}


def own_code(code: str) -> OwnCode | None:
    """What a code means, if it is one of ours."""
    return OWN_CODES.get(code)
