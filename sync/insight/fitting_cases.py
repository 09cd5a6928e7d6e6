"""The shipped test cases made to fit a policy that was fitted to an org: statuses renamed, what can't hold taken out.

For `leadgate init`. A case that names a field that the org lacks, or that no longer holds because a rule was taken out,
would be red from the first day and teach nobody anything. Lines are edited rather than YAML written anew, so that the
comments stay.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from sync.errors import PolicyInvalid
from sync.insight.fitting import Fitted
from sync.insight.policy_cases import CaseDatabase, run_cases
from sync.mapping import OrgMapping
from sync.policy.case_reader import load_cases
from sync.policy.document import Items, read_document
from sync.policy.loader import load_policy_text
from sync.policy.parsed import parse_policy

_LISTS = ("cases", "accepted")


def fit_cases(text: str, policy: str, mapping: OrgMapping, *, statuses: Mapping[str, str]) -> Fitted | None:
    """The cases that hold for a fitted policy; `None` when none is left, or the policy itself needs a person first.

    Args:
        text: The shipped file of cases.
        policy: The fitted policy's text.
        mapping: The fitted mapping.
        statuses: Lead Statuses of the template that are called otherwise here.
    """
    try:
        parsed = parse_policy(load_policy_text(policy, "policy", mapping), mapping)
    except PolicyInvalid:
        return None
    for template, own in statuses.items():
        text = text.replace(template, '"' + own.replace("\\", "\\\\").replace('"', '\\"') + '"')
    shipped = _count(text)
    while True:
        try:
            cases = load_cases(text, "cases", parsed.policy, mapping).cases
        except PolicyInvalid as invalid:
            wrong = {problem.line for problem in invalid.problems}
        else:
            with CaseDatabase(cases, mapping) as database:
                wrong = {result.case.place.line for result in run_cases(database, parsed) if not result.passed}
            if not wrong:
                break
        left = _without(text, wrong)
        if left is None:
            return None
        text = left
    gone = shipped - _count(text)
    notes = (f"{gone} of {shipped} test cases don't fit this org's fields and statuses: left out",) if gone else ()
    return Fitted(text, notes)


def _without(text: str, lines: Collection[int]) -> str | None:
    """The file without the entries that these lines belong to; `None` when that changes nothing or leaves no case."""
    written = text.splitlines()
    entries = [(start, end) for start, end in _entries(text) if any(start <= line <= end for line in lines)]
    gone = {line for start, end in entries for line in range(start, end + 1)}
    kept = "\n".join(line for number, line in enumerate(written, start=1) if number not in gone) + "\n"
    return kept if gone and _count(kept) else None


def _entries(text: str) -> Iterator[tuple[int, int]]:
    """First and last line of every case and every acceptance; comments between them belong to none."""
    block, _ = read_document(text, "cases")
    written = text.splitlines()
    found = [block.get(name) for name in _LISTS] if block is not None else []
    starts = [item.line for entry in found if entry and isinstance(entry.value, Items) for item in entry.value.items]
    keys = [entry.line for entry in block or ()]
    for start in starts:
        following = min((line for line in (*starts, *keys) if line > start), default=len(written) + 1)
        end = following - 1
        while end > start and (not written[end - 1].strip() or written[end - 1].lstrip().startswith("#")):
            end -= 1
        yield start, end


def _count(text: str) -> int:
    block, _ = read_document(text, "cases")
    listed = block.get("cases") if block is not None else None
    return len(listed.value.items) if listed is not None and isinstance(listed.value, Items) else 0
