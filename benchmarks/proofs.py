"""The page of proofs: what the last full-size run of each proof counted, shown as docs/proofs.md.

A proof is a test of `make prove`. When it has passed it keeps its figures here; the page is drawn from the kept files
and from nothing else, so it cannot claim a run that nobody made. `python -m benchmarks.proofs` draws it again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from .figures import RESULTS, machine, versions

KEPT = RESULTS / "proofs"
PAGE = RESULTS.parent.parent / "docs" / "proofs.md"

SECTIONS: Mapping[str, str] = {
    "Conversions": "Each lead is converted exactly once, and every run accounts for every lead.",
    "Pull": "The mirror holds what the org holds.",
}

_HEAD = """\
# Proofs

What leadgate promises, tried by force. Each proof breaks things on purpose, thousands of times, on the mock org, and
checks the same promises after each round. `make prove` runs all of them at full size (it takes a while, use a quiet
machine) and writes the figures below; `make test-all` runs each of them at a smaller size. A proof that fails keeps no
figures. How the promises are kept is told in [exactly-once.md](exactly-once.md).

The mock org follows Salesforce's documentation. These proofs say what leadgate does with what an org answers; that a
real org answers so is what the contract tests check against recordings and sandboxes.
"""

_NOTHING_KEPT = "No full-size run has been kept yet.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """One figure of a proof: what was counted, and how often it came up."""

    name: str
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A proof's last full-size run.

    Attributes:
        section: where it stands on the page, one of SECTIONS.
        title: what is done to leadgate, as a heading.
        claim: what was checked, in sentences.
        test: the test that made it, as pytest names it.
        seconds: how long it took.
        counts: what it counted.
    """

    section: str
    title: str
    claim: str
    test: str
    seconds: float
    counts: Sequence[Count]
    day: date
    machine: str
    versions: Mapping[str, str]


def keep(
    name: str, *, section: str, title: str, claim: str, test: str, seconds: float, counts: Mapping[str, int]
) -> None:
    """Keep the figures of a proof that has just passed, and draw the page again."""
    if section not in SECTIONS:
        raise ValueError(f"{section} is no section of the page: there are {', '.join(SECTIONS)}")
    proof = Proof(
        section=section,
        title=title,
        claim=" ".join(claim.split()),
        test=test,
        seconds=round(seconds, 1),
        counts=[Count(name=counted, value=value) for counted, value in counts.items()],
        day=datetime.now(UTC).date(),
        machine=machine(),
        versions=versions(),
    )
    KEPT.mkdir(parents=True, exist_ok=True)
    kept = {**asdict(proof), "day": proof.day.isoformat()}
    (KEPT / f"{name}.json").write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(page(read_proofs()), encoding="utf-8")


def read_proofs(folder: Path = KEPT) -> list[Proof]:
    """Every kept proof, by the names of their files."""
    proofs = []
    for path in sorted(folder.glob("*.json")):
        kept = json.loads(path.read_text(encoding="utf-8"))
        kept["day"] = date.fromisoformat(kept["day"])
        kept["counts"] = [Count(**each) for each in kept["counts"]]
        proofs.append(Proof(**kept))
    return proofs


def page(proofs: Sequence[Proof]) -> str:
    """docs/proofs.md."""
    parts = [_HEAD]
    for section, promise in SECTIONS.items():
        here = [proof for proof in proofs if proof.section == section]
        parts += [f"## {section}\n\n{promise}\n", *([_shown(proof) for proof in here] or [_NOTHING_KEPT])]
    return "\n".join(parts)


def _shown(proof: Proof) -> str:
    rows = "\n".join(f"| {count.name} | {count.value:,} |" for count in proof.counts)
    packages = ", ".join(f"{package} {number}" for package, number in proof.versions.items())
    return (
        f"### {proof.title}\n\n{proof.claim}\n\n| counted | |\n|---|---:|\n{rows}\n\n"
        f"Run on {proof.day.isoformat()} in {proof.seconds:,.0f} s on {proof.machine}; {packages}. "
        f"Again: `python -m pytest -m prove {proof.test}`.\n"
    )


if __name__ == "__main__":
    PAGE.write_text(page(read_proofs()), encoding="utf-8")
