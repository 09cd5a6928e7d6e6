"""Every error that leadgate raises on purpose, grouped by what the caller can do about it.

    LeadgateError
    ├── WrongUse                  exit 2: the user changes something and runs again
    │   ├── SettingsInvalid       a setting is missing or malformed
    │   ├── MappingInvalid        problems in mappings/*.yaml
    │   ├── PolicyInvalid         problems in config/*.yaml
    │   ├── PlanInvalid           a plan file that is cut off, edited, foreign or from another version
    │   ├── MirrorUnusable        no mirror yet, unreadable, or written by a newer version
    │   └── InputInvalid          a lead id, CSV or option that can't be meant
    ├── AccessRefused             exit 3: Salesforce says no: login, permission, API disabled
    ├── OrgUnavailable            exit 1: no network, no answer, an answer that isn't Salesforce's
    ├── OrgFault                  exit 1: Salesforce failed or refused a call as a whole
    ├── PreImageUnsaved           exit 1: what leads are can't be saved, so they are not converted
    ├── LedgerUnwritable          exit 1, or 5 with intents open: the ledger's disk or server gave up
    ├── GuardRefused              exit 6: a limit of the policy holds the run back
    ├── OrgBusy                   exit 7: another run holds this org
    └── Interrupted               exit 8: stopped by a signal; safe to run again

Outcomes of single leads are never exceptions: they are data (`sync.plan`, `sync.ledger`). The one place that turns
an error into advice and an exit code is `sync.cli.exits`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class LeadgateError(Exception):
    """Something that leadgate foresaw; shown to people without a traceback.

    Args:
        message: One or two sentences; the class docstring's first line is the default.
        place: Where: `file:line`, a setting's name, an option, a URL without its query.
        fix: What to do about it, in the imperative.
        code: Salesforce's own error code where there is one, else the class's.
    """

    code = "error"
    exit_code = 1

    def __init__(
        self,
        message: str = "",
        *,
        place: str | None = None,
        fix: str | None = None,
        code: str | None = None,
    ) -> None:
        self.message = message or (self.__doc__ or "").strip().splitlines()[0]
        self.place = place
        self.fix = fix
        self.code = code or type(self).code
        super().__init__(self.message)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file that a person wrote."""

    file: str
    line: int
    message: str
    fix: str | None = None

    def __str__(self) -> str:
        """`file:line: message`, the form that editors and CI jump to."""
        return f"{self.file}:{self.line}: {self.message}" + (f" ({self.fix})" if self.fix else "")


class WrongUse(LeadgateError):
    """The command, its settings or its files are not usable as given."""

    code = "wrong_use"
    exit_code = 2


class SettingsInvalid(WrongUse):
    """A setting is missing or malformed."""

    code = "settings_invalid"


class _FileProblems(WrongUse):
    """Several located problems, all reported at once."""

    def __init__(self, problems: Sequence[Problem], *, fix: str | None = None) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        super().__init__(
            "\n".join(str(problem) for problem in self.problems),
            place=f"{first.file}:{first.line}",
            fix=fix or first.fix,
        )


class MappingInvalid(_FileProblems):
    """A mapping file can't be understood, or doesn't fit the org."""

    code = "mapping_invalid"


class PolicyInvalid(_FileProblems):
    """A policy file can't be understood; a policy never runs half understood."""

    code = "policy_invalid"


class PlanInvalid(WrongUse):
    """The plan file can't be carried out."""

    code = "plan_invalid"


class MirrorUnusable(WrongUse):
    """The mirror is missing, unreadable, or was written by a newer version."""

    code = "mirror_unusable"


class InputInvalid(WrongUse):
    """An argument or input file can't be meant as given."""

    code = "input_invalid"


class AccessRefused(LeadgateError):
    """Salesforce refused access."""

    code = "access_refused"
    exit_code = 3


class OrgUnavailable(LeadgateError):
    """The org can't be reached, or what answered is not Salesforce."""

    code = "org_unavailable"


class OrgFault(LeadgateError):
    """Salesforce refused or failed a call as a whole."""

    code = "org_fault"


class PreImageUnsaved(LeadgateError):
    """What the leads are can't be saved, so they are not converted."""

    code = "pre_image_unsaved"


class LedgerUnwritable(LeadgateError):
    """The ledger can't be written any more; nothing is sent that it can't record.

    Args:
        message: What the disk or server says.
        open_intents: Actions that were sent and whose outcome could not be recorded; they are in doubt.
    """

    code = "ledger_unwritable"

    def __init__(self, message: str, *, place: str | None = None, open_intents: int = 0) -> None:
        fix = "mend that, then run the same command again; nothing was sent that is not in the ledger"
        if open_intents:
            message = f"{message}; {open_intents} actions were under way and are in doubt"
            fix = "mend that, then run `leadgate recover`: it reads the org back, and nothing happens twice"
            self.exit_code = 5
        super().__init__(message, place=place, fix=fix)
        self.open_intents = open_intents


class GuardRefused(LeadgateError):
    """A guard held the run back; the message names the override."""

    code = "guard_refused"
    exit_code = 6


class OrgBusy(LeadgateError):
    """Another run holds this org."""

    code = "org_busy"
    exit_code = 7


class Interrupted(LeadgateError):
    """Stopped on request; nothing is half done, and running again continues."""

    code = "interrupted"
    exit_code = 8
