"""`leadgate demo`: the main job on an embedded mock org, told step by step with the real commands."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sync.errors import InputInvalid
from sync.private_file import write_private

if TYPE_CHECKING:
    from sync.policy.decision import Decision

_STORY = """\
A lead whose pricing was discussed becomes an opportunity: by a written policy, by a plan that a person
could refuse, and exactly once. Everything below is the real command line against an embedded org of
{leads:,} invented leads; nothing leaves this machine."""


def demo(
    *,
    leads: Annotated[int, typer.Option("--leads", min=200, help="How many leads the org has.")] = 2000,
    into: Annotated[
        Path | None, typer.Option("--into", help="Keep the working folder here; the default is a temporary one.")
    ] = None,
) -> None:
    """Run the whole chain on an embedded mock org, in under a minute."""
    from sync.mockorg import MockOrg
    from sync.mockorg.seed import write_world

    started = time.monotonic()
    folder = _folder(into)
    world, work = folder / "world", folder / "work"
    _say(_STORY.format(leads=leads))
    write_world(world, seed=7, leads=leads, today=datetime.now(UTC).date())
    org = MockOrg(data=world, seed=7)
    work.mkdir()
    with _only_this_org(), org.in_process():
        write_private(
            work / ".env",
            f"LEADGATE_INSTANCE_URL={org.instance_url}\nLEADGATE_ACCESS_TOKEN={org.access_token()}\n"
            "LEADGATE_LOG_LEVEL=warning\n",
        )
        _tell(work)
    _say(
        f"""
That was the whole chain in {time.monotonic() - started:.0f} seconds. What next:
  leadgate mock-org serve --data {world}
      the same org on a socket, to try your own policy on ({work}/config/readiness.yaml)
  leadgate init
      your own org: writes mappings/, config/ and .env, then: doctor, pull, check, explain, plan, apply"""
    )


def _tell(work: Path) -> None:
    _run(work, "The templates, fitted to the org's own fields and statuses", "init")
    _run(work, "Is everything in place? Permissions, fields, statuses, rules", "doctor")
    _run(work, "Copy leads, activities, accounts and history into the local mirror", "pull")
    _run(work, "Decide every lead by the written policy", "check")
    ready, blocked = _examples(work)
    _run(work, "Why is this lead ready?", "explain", ready)
    _run(work, "Why is this one not, and what is missing?", "explain", blocked)
    plan = "plan.json"
    _run(work, "What would be done? Nothing is written yet", "plan", "-o", str(work / plan), "--rows", "6")
    why = "Do exactly that, once; a few are refused by a rule that only the org knows, and that is said"
    _run(work, why, "apply", str(work / plan), "--yes", allowed=(0, 4))
    _run(work, "The record of one of them: intent before effect, then the outcome", "audit", ready)
    _run(work, "What the run did, and what an admin has to mend", "report")


def _examples(work: Path) -> tuple[str, str]:
    """A lead that will be converted on the evidence of conversations, and a blocked one that is nearly there."""
    from sync.cli.drawing_up import plan_now
    from sync.plan.actions import ConvertLead, Prediction
    from sync.policy.compile import compile_policy
    from sync.policy.decision import Verdict
    from sync.workspace import Workspace

    workspace = Workspace.open(work)
    policy, now = workspace.policy(), workspace.clock().replace(microsecond=0)
    with workspace.ledger() as ledger:
        plan = plan_now(workspace, workspace.reader(), ledger, policy, clock=now)
    sure = {
        action.lead_id
        for action in plan.actions
        if isinstance(action, ConvertLead) and action.prediction is Prediction.WILL_SUCCEED
    }
    with workspace.mirror() as mirror:
        decisions = list(mirror.decide(compile_policy(policy, workspace.mapping, now)))
    ready = [decision for decision in decisions if decision.lead_id in sure]
    blocked = [decision for decision in decisions if decision.verdict is Verdict.BLOCKED]
    if not ready or not blocked:
        raise InputInvalid("this world is too small for the story", place="--leads", fix="take at least 1000 leads")
    return max(ready, key=_talked).lead_id, min(blocked, key=lambda decision: len(decision.missing)).lead_id


def _talked(decision: Decision) -> int:
    return sum(value is True for value in decision.signals.values())


def _run(work: Path, why: str, *arguments: str, allowed: tuple[int, ...] = (0,)) -> None:
    from sync.cli.main import main

    _say(f"\n── {why}\n$ leadgate {' '.join(a.replace(str(work) + '/', '') for a in arguments)}")
    code = main([*arguments, "--folder", str(work)])
    if code not in allowed:
        raise typer.Exit(code)


def _folder(into: Path | None) -> Path:
    if into is None:
        return Path(tempfile.mkdtemp(prefix="leadgate-demo-"))
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise InputInvalid(f"{into} exists and is not an empty folder", place="--into", fix="name a new folder")
    into.mkdir(parents=True, exist_ok=True)
    return into.resolve()


@contextmanager
def _only_this_org() -> Iterator[None]:
    """Without the caller's LEADGATE_… variables: the demo must never reach an org that somebody really has."""
    kept = {name: value for name, value in os.environ.items() if name.upper().startswith("LEADGATE_")}
    for name in kept:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(kept)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
