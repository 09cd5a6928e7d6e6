"""Which files of test cases there are, and which policy each is for; read completely before anything runs.

`config/tests/readiness.yaml` tests `config/readiness.yaml`: a file of cases is named like the policy in the folder
above it, or names its policy by `policy:`. For `leadgate policy test`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sync.errors import InputInvalid, PolicyInvalid, Problem
from sync.mapping import OrgMapping
from sync.policy.case_reader import load_cases, policy_of
from sync.policy.cases import Case, CaseFile
from sync.policy.loader import load_policy_text
from sync.policy.parsed import ParsedPolicy, parse_policy

_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A policy with all of its cases."""

    parsed: ParsedPolicy
    files: tuple[CaseFile, ...]

    @property
    def cases(self) -> tuple[Case, ...]:
        """The cases of all files."""
        return tuple(case for file in self.files for case in file.cases)


def load_suites(tests: Path, mapping: OrgMapping, *, policy: Path | None, folder: Path) -> tuple[Suite, ...]:
    """The policies that the files of cases are for, in the order of those files.

    Args:
        tests: A folder of files of cases, or one such file.
        mapping: The org's mapping.
        policy: A policy to hold all cases against instead of their own.
        folder: The working folder, which paths in messages are relative to.

    Raises:
        InputInvalid: There are no files, or one of them is for no policy.
        PolicyInvalid: With every problem of every file.
    """
    problems: list[Problem] = []
    policies: dict[Path, ParsedPolicy | None] = {}
    cases: dict[Path, list[CaseFile]] = {}
    for path in _files(tests, folder):
        text, shown = _read(path, folder), _shown(path, folder)
        try:
            for_policy = policy if policy is not None else _policy_for(path, policy_of(text, shown), folder)
            if for_policy not in policies:
                policies[for_policy] = None
                policies[for_policy] = _policy(for_policy, mapping, folder)
            parsed = policies[for_policy]
            if parsed is not None:
                cases.setdefault(for_policy, []).append(load_cases(text, shown, parsed.policy, mapping))
        except PolicyInvalid as invalid:
            problems += invalid.problems
    if problems:
        raise PolicyInvalid(problems)
    return tuple(
        Suite(parsed=parsed, files=tuple(cases[path])) for path, parsed in policies.items() if parsed is not None
    )


def _files(tests: Path, folder: Path) -> list[Path]:
    fix = "write cases in config/tests/readiness.yaml (docs/policy-tests.md), or name their folder"
    if tests.is_file():
        return [tests.resolve()]
    if not tests.is_dir():
        raise InputInvalid(f"there is no folder {_shown(tests, folder)} with test cases", place="DIR", fix=fix)
    found = sorted(path.resolve() for path in tests.iterdir() if path.suffix in _SUFFIXES and path.is_file())
    if not found:
        raise InputInvalid(f"{_shown(tests, folder)} holds no test cases (*.yaml)", place="DIR", fix=fix)
    return found


def _policy_for(cases: Path, named: str | None, folder: Path) -> Path:
    candidates = [cases.parent / named] if named else [cases.parent.parent / f"{cases.stem}{s}" for s in _SUFFIXES]
    for path in candidates:
        if path.is_file():
            return path.resolve()
    shown = _shown(cases, folder)
    why = f"there is no policy {named}" if named else f"no policy {_shown(candidates[0], folder)} stands above it"
    raise InputInvalid(
        f"{shown}: {why}", place=shown, fix="name it like its policy, or write `policy: ../readiness.yaml` at its top"
    )


def _policy(path: Path, mapping: OrgMapping, folder: Path) -> ParsedPolicy:
    return parse_policy(load_policy_text(_read(path, folder), _shown(path, folder), mapping), mapping)


def _read(path: Path, folder: Path) -> str:
    shown = _shown(path, folder)
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as broken:
        raise InputInvalid(f"{shown} is not UTF-8 text", place=shown, fix="save it as UTF-8") from broken
    except OSError as missing:
        raise InputInvalid(f"{shown} can't be read: {missing.strerror}", place=shown, fix="check its name") from missing


def _shown(path: Path, folder: Path) -> str:
    path, folder = path.resolve(), folder.resolve()
    return os.path.relpath(path, folder) if path.is_relative_to(folder) else str(path)
