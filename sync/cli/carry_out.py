"""Carrying out a plan from the command line: guards, the question, the run with its progress, and what became of it.

`apply`, `sync` and `convert` end here, so that each asks, stops and reports in the same way. SIGINT and SIGTERM set a
flag that the run looks at before each call: it ends at the next action, with everything accounted for.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sync.cli.safe_text import one_line
from sync.errors import Interrupted, WrongUse

if TYPE_CHECKING:
    from types import FrameType

    from sync.apply.outcome import RunResult
    from sync.apply.patience import Waiting
    from sync.ledger.store import Ledger
    from sync.plan.actions import Plan
    from sync.plan.guards import Overrides, Refusal
    from sync.policy.schema import Policy
    from sync.salesforce.org import Org, OrgReader
    from sync.workspace import Workspace


def refusals(
    plan: Plan, policy: Policy, org: OrgReader, workspace: Workspace, overrides: Overrides
) -> Sequence[Refusal]:
    """Every guard that says no to carrying out this plan now."""
    from sync.plan import guards

    _ = org.identity  # the first reply tells the quota
    usage = org.usage()
    return guards.refusals(
        plan,
        policy.limits,
        now=workspace.clock(),
        api_calls=(usage.used, usage.allowed) if usage else None,
        overrides=overrides,
    )


def ask(question: str, *, yes: bool, as_json: bool, what: str = "this changes the org") -> None:
    """Let a person refuse.

    Raises:
        WrongUse: There is nobody to ask, and `--yes` wasn't given.
        Interrupted: The person said no.
    """
    if yes:
        return
    if as_json or not sys.stdin.isatty():
        raise WrongUse(f"{what}, and there is nobody to ask", place="--yes", fix="pass --yes to confirm")
    sys.stderr.write(f"{one_line(question)} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise Interrupted("nothing was changed: you said no", fix="run it again when you are sure")


def run_plan(
    plan: Plan,
    *,
    org: Org,
    ledger: Ledger,
    workspace: Workspace,
    policy: Policy,
    overrides: Overrides,
    max_failures: float | None = None,
    allow_old_plan: bool = False,
    as_json: bool,
) -> RunResult:
    """Apply the plan with progress on stderr; a signal ends it cleanly."""
    from dataclasses import replace

    from sync import __version__
    from sync.apply.context import ApplyOptions
    from sync.apply.outcome import Progress
    from sync.apply.patience import apply_with_patience
    from sync.cli import output
    from sync.cli.deciding_again import decides_again

    limits = policy.limits
    if overrides.api_reserve is not None:
        limits = replace(limits, api_reserve=overrides.api_reserve)
    if max_failures is not None:
        limits = replace(limits, stop_at_failures=max_failures)
    with output.progress(quiet=as_json) as tick, stoppable() as stop:

        def show(step: Progress) -> None:
            tick("applying", step.done, step.planned)

        options = ApplyOptions(
            limits=limits,
            allow_old_plan=allow_old_plan,
            stop=stop,
            on_progress=show,
            pre_images=workspace.pre_images(),
            still_stands=decides_again(plan, org=org, workspace=workspace, policy=policy),
            clock=workspace.clock,
            parallel_calls=workspace.org_settings.parallel_calls,
            version=__version__,
        )
        return apply_with_patience(plan, org, ledger, options, _tell_of_waiting)


def _tell_of_waiting(waiting: Waiting) -> None:
    usage = waiting.usage
    left = f"{usage.left:,} of {usage.allowed:,} API calls are left" if usage is not None else "no API calls are left"
    sys.stderr.write(
        f"\n{left}, and the rest of the plan takes {waiting.calls:,}: waiting at the reserve, until "
        f"{waiting.until:%Y-%m-%d %H:%M} UTC at the latest (limits.wait_at_reserve; Ctrl-C ends it) …\n"
    )


def draw_result(result: RunResult, *, instance_url: str, rows: int = 20) -> None:
    """What became of the plan, with links to what was made and the reasons of what was not."""
    from sync.cli import output
    from sync.cli.ending_view import ending_in_words
    from sync.cli.overtaken_view import draw_overtaken

    console = output.stdout()
    figures = [(outcome.value.replace("_", " "), f"{count:,}") for outcome, count in result.outcomes.items()]
    console.print(f"run {result.run_id}", style="bold", markup=False)
    console.print(
        output.table(None, ("outcome", "actions"), [*figures, ("planned", f"{result.planned:,}")], right=("actions",))
    )
    made = [r for r in result.leads if r.made.account_id and r.outcome.value in {"applied", "already_applied"}]
    if made and rows:
        console.print()
        drawn = [(r.lead_id, r.made.account_id, r.made.contact_id, r.made.opportunity_id) for r in made[:rows]]
        console.print(output.table(f"converted ({len(made):,})", ("lead", "account", "contact", "opportunity"), drawn))
        if len(made) > rows:
            sys.stdout.write(f"… and {len(made) - rows:,} more; `leadgate report --csv FILE` has them all\n")
        sys.stdout.write(f"open any of them: {instance_url}/{made[0].made.opportunity_id or made[0].made.account_id}\n")
    failed = [r for r in result.leads if r.outcome.value not in {"applied", "already_applied"}]
    if failed:
        console.print()
        reasons = [(r.lead_id, r.outcome.value.replace("_", " "), r.code or "", r.message) for r in failed[:rows]]
        console.print(output.table(f"not done ({len(failed):,})", ("lead", "outcome", "code", "why"), reasons))
        if len(failed) > rows:
            sys.stdout.write(f"… and {len(failed) - rows:,} more; `leadgate report --csv FILE` has them all\n")
    overtaken = [(r.lead_id, r.overtaken) for r in result.leads if r.overtaken]
    if overtaken:
        console.print()
        draw_overtaken(overtaken, rows=rows)
    if result.not_compared:
        sys.stdout.write(
            f"\n{result.not_compared:,} converted leads couldn't be read once more, to see whether somebody changed "
            "them just before\n"
        )
    if ending := ending_in_words(result):
        sys.stdout.write(f"\n{one_line(ending)}\n")
    sys.stdout.write(f"\n{result.api_calls} API calls, {result.seconds:.1f} s\n")
    sys.stdout.write("next: leadgate report shows failures by cause; leadgate audit LEAD shows one lead's history\n")


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """A flag that SIGINT or SIGTERM sets; a second one of either ends the process, which the ledger survives too."""
    stop = threading.Event()

    def note(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        sys.stderr.write(f"\n{signal.Signals(number).name}: ending at the next action …\n")

    if threading.current_thread() is not threading.main_thread():
        yield stop.is_set
        return
    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
