"""The one place that turns an error into advice and an exit code.

Errors say what happened (`sync.errors`); this says it to a person on stderr, or to a machine as the `error` document
on stdout, and picks the code of the published table. No traceback reaches a user: what we did not foresee is written
to a file, and its place is named.
"""

from __future__ import annotations

import sys
import tempfile
import traceback
from enum import IntEnum
from pathlib import Path

from sync.cli.safe_text import json_text, lines
from sync.errors import LeadgateError, MappingInvalid, PolicyInvalid, SettingsInvalid


class Exit(IntEnum):
    """The exit codes that scripts may rely on."""

    DONE = 0
    UNEXPECTED = 1
    WRONG_USE = 2
    ACCESS_REFUSED = 3
    SOME_REJECTED = 4
    IN_DOUBT = 5
    GUARD_REFUSED = 6
    ORG_BUSY = 7
    INTERRUPTED = 8


MEANING = {
    Exit.DONE: "done, or nothing to do",
    Exit.UNEXPECTED: "unexpected error",
    Exit.WRONG_USE: "wrong use, settings, mapping or policy",
    Exit.ACCESS_REFUSED: "Salesforce refused access (auth, permission, API disabled)",
    Exit.SOME_REJECTED: "finished; some records were rejected, or predicted blocked in a strict run",
    Exit.IN_DOUBT: "finished; outcomes in doubt remain",
    Exit.GUARD_REFUSED: "a guard refused (volume, stale mirror, empty pull, API reserve)",
    Exit.ORG_BUSY: "another run holds this org",
    Exit.INTERRUPTED: "interrupted; safe to run again",
}


USUAL_FIX: tuple[tuple[type[LeadgateError], str], ...] = (
    (PolicyInvalid, "mend it there; `leadgate policy lint` looks again"),
    (MappingInvalid, "mend it there; `leadgate mapping lint` looks again"),
    (SettingsInvalid, "mend it there; .env.example lists every setting"),
)
"""What to do where the error itself doesn't say it: its message names what is wrong and where."""


def explain(error: LeadgateError, *, as_json: bool) -> Exit:
    """Tell what happened, where, and what to do; returns the exit code."""
    code = Exit(error.exit_code)
    fix = error.fix or next((usual for kind, usual in USUAL_FIX if isinstance(error, kind)), None)
    if as_json:
        body = {"code": error.code, "message": error.message, "place": error.place, "fix": fix}
        sys.stdout.write(json_text({"error": body, "exit_code": int(code)}) + "\n")
        return code
    told = [f"leadgate: {error.message}"]
    if error.place and error.place not in error.message:
        told.append(f"  where: {error.place}")
    if fix:
        told.append(f"  fix:   {fix}")
    sys.stderr.write(lines("\n".join(told)) + "\n")
    return code


def unexpected(error: BaseException, *, as_json: bool) -> Exit:
    """What nobody foresaw: kept whole in a private file, told in one line."""
    kept = _keep(error)
    wrapped = LeadgateError(
        f"an unexpected {type(error).__name__} stopped this command; nothing was left half done that "
        "`leadgate recover` can't close",
        place=None if kept is None else str(kept),
        fix="please report it with the file named here (it holds code places only, no records)" if kept else None,
        code="unexpected",
    )
    return explain(wrapped, as_json=as_json)


def _keep(error: BaseException) -> Path | None:
    """A file, for its owner alone, of where it happened; `None` where no file can be written."""
    # Frames only: the exception's own text may hold record contents.
    told = type(error).__name__ + "\n" + "".join(traceback.format_tb(error.__traceback__))
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="leadgate-crash-", suffix=".txt", delete=False, encoding="utf-8", errors="replace"
        ) as report:
            report.write(told)
    except OSError:
        return None
    return Path(report.name)
