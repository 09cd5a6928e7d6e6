"""Results of policy tests as JUnit XML, which every CI server reads: a suite per policy, a test case per case.

Gaps in coverage and surviving mutants are test cases too, each failed, beside one that passes where there are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lxml import etree

from sync.insight.policy_cases import CaseResult
from sync.insight.policy_coverage import CoverageReport
from sync.insight.policy_mutants import MutationReport
from sync.policy.schema import Place, Policy

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteResult:
    """A policy's test results."""

    policy: Policy
    results: tuple[CaseResult, ...]
    coverage: CoverageReport | None = None
    mutation: MutationReport | None = None

    @property
    def failed(self) -> bool:
        """Whether anything is to be done: a case that fails, a gap, a survivor, a wrong acceptance."""
        cases = any(not result.passed for result in self.results)
        gaps = self.coverage is not None and bool(self.coverage.gaps or self.coverage.wrongly_accepted)
        alive = self.mutation is not None and bool(self.mutation.survivors or self.mutation.wrongly_accepted)
        return cases or gaps or alive


@dataclass(frozen=True, slots=True)
class _TestCase:
    sort: str
    name: str
    place: Place | None
    failure: str | None = None


def junit_xml(tested: Iterable[SuiteResult]) -> bytes:
    """The report; file and line of each case are in its attributes, as CI servers that link to code expect."""
    root = etree.Element("testsuites")
    for one in tested:
        cases = list(_test_cases(one))
        failed = sum(case.failure is not None for case in cases)
        counts = {"tests": str(len(cases)), "failures": str(failed), "errors": "0"}
        suite = etree.SubElement(root, "testsuite", {"name": _clean(one.policy.name), **counts})
        for case in cases:
            _add(suite, one.policy, case)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _test_cases(one: SuiteResult) -> Iterator[_TestCase]:
    for result in one.results:
        said = "\n".join(map(str, result.differences))
        yield _TestCase("cases", result.case.name, result.case.place, said or None)
    if one.coverage is not None:
        gaps = [_TestCase("coverage", gap.name, gap.place, f"missing: {gap.missing}") for gap in one.coverage.gaps]
        wrong = one.coverage.wrongly_accepted
        gaps += [_TestCase("coverage", p.message, Place(p.file, p.line), str(p)) for p in wrong]
        yield from _or_passed(gaps, "coverage", "every rule and every part of its condition was tried")
    if one.mutation is not None:
        alive = [
            _TestCase("mutation", s.mutant.name, s.mutant.place, f"missing: {s.missing}")
            for s in one.mutation.survivors
        ]
        alive += [
            _TestCase("mutation", p.message, Place(p.file, p.line), str(p)) for p in one.mutation.wrongly_accepted
        ]
        yield from _or_passed(alive, "mutation", "every mutant was noticed by a case")


def _or_passed(failures: Sequence[_TestCase], sort: str, name: str) -> Iterator[_TestCase]:
    yield from failures or [_TestCase(sort, name, None)]


def _add(suite: etree._Element, policy: Policy, case: _TestCase) -> None:
    attributes = {"classname": f"{policy.name}.{case.sort}", "name": case.name}
    if case.place is not None:
        attributes |= {"file": case.place.file, "line": str(case.place.line)}
    element = etree.SubElement(suite, "testcase", {key: _clean(value) for key, value in attributes.items()})
    if case.failure is not None:
        first = case.failure.splitlines()[0]
        etree.SubElement(element, "failure", {"message": _clean(first)}).text = _clean(case.failure)


def _clean(text: str) -> str:
    """Without the control characters that XML can't hold."""
    return _NOT_XML.sub("\ufffd", text)
