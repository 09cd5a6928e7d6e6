from __future__ import annotations

import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from ledger_subjects import ORG, run_raw, start, subject

from sync.errors import OrgBusy
from sync.ledger.store import Ledger


def test_only_one_run_holds_an_org(ledger: Ledger, location: str, clock) -> None:
    with (
        ledger.lease(ORG),
        Ledger.open(location, clock=clock) as other,
        pytest.raises(OrgBusy, match="another run"),
        other.lease(ORG),
    ):
        pass
    with ledger.lease(ORG):
        pass


def test_a_silent_holder_loses_the_org_and_can_write_no_more(ledger: Ledger, clock) -> None:
    with ledger.lease(ORG) as lost:
        clock.advance(timedelta(minutes=16))
        with ledger.lease(ORG) as lease:
            with pytest.raises(OrgBusy, match="took over"):
                ledger.begin_run(lost, start())
            ledger.begin_run(lease, start())


def test_writing_renews_the_lease(ledger: Ledger, clock) -> None:
    with ledger.lease(ORG) as lease:
        run_id = ledger.begin_run(lease, start(5))
        for number in range(5):
            clock.advance(timedelta(minutes=10))
            ledger.intend(lease, run_id, "p1", [subject(f"k{number}")])
        with pytest.raises(OrgBusy), ledger.lease(ORG):
            pass


def test_a_killed_holder_on_this_machine_is_recognised_at_once(location: str) -> None:
    script = (
        "import os, signal, sys\n"
        "from sync.ledger.store import Ledger\n"
        "ledger = Ledger.open(sys.argv[1])\n"
        f"lease = ledger.lease({ORG!r}); lease.__enter__()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, location], check=False)  # noqa: S603 -- our own script
    assert killed.returncode == -9
    with Ledger.open(location) as ledger, ledger.lease(ORG):
        pass


def test_a_restarted_container_with_the_same_process_id_is_not_the_old_holder(ledger: Ledger) -> None:
    with ledger.lease(ORG):
        run_raw(ledger, "UPDATE ledger_leases SET process = 'earlier'")
        with ledger.lease(ORG):
            pass


def test_a_holder_on_another_machine_is_believed_until_its_lease_runs_out(ledger: Ledger, clock) -> None:
    with ledger.lease(ORG):
        run_raw(ledger, "UPDATE ledger_leases SET host = 'elsewhere', pid = 1, process = 'other'")
        with pytest.raises(OrgBusy), ledger.lease(ORG):
            pass
        clock.advance(timedelta(minutes=15, seconds=1))
        with ledger.lease(ORG):
            pass


def test_of_many_that_want_an_org_at_once_one_gets_it(location: str) -> None:
    Ledger.open(location).dispose()
    results: list[str] = []
    ready, tried = threading.Barrier(4), threading.Barrier(4)

    def attempt() -> None:
        with Ledger.open(location) as ledger:
            ready.wait()
            try:
                with ledger.lease(ORG):
                    results.append("taken")
                    tried.wait()
            except OrgBusy:
                results.append("refused")
                tried.wait()

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["refused", "refused", "refused", "taken"]
