"""One writer per org: a lease that a run holds, renews with each thing it writes, and that a dead run loses.

A killed holder on the same machine is seen by its process id at once, on another machine by the lease running out.
Every write checks the lease in its own transaction, so a run that was asleep too long can't write any more.
"""

from __future__ import annotations

import hashlib
import os
import socket
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from sync.errors import OrgBusy
from sync.ledger.schema import leases
from sync.ledger.times import from_text, to_text

LEASE_TIME = timedelta(minutes=15)
"""Longer than any single call to Salesforce can take (10 minutes)."""

_PROCESS = uuid.uuid4().hex
"""Tells this process from an earlier one with the same id, as every container's first process has."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write for one org; only `Ledger.lease` makes one."""

    org_id: str
    holder: str


def take(connection: Connection, org_id: str, now: datetime) -> Lease:
    """Take the org's lease, from nobody or from a holder that is dead or gone silent.

    Raises:
        OrgBusy: Another run holds it.
    """
    row = connection.execute(select(leases).where(leases.c.org_id == org_id).with_for_update()).one_or_none()
    if row is not None and from_text(row.expires_at) > now and not _dead(row.host, row.pid, row.process):
        raise OrgBusy(
            f"another run of leadgate holds this org (process {row.pid}, until {row.expires_at[:19]} UTC unless it "
            "goes on)",
            place=org_id,
            fix="wait for it to end; a killed run is recognised by itself",
        )
    lease = Lease(org_id, uuid.uuid4().hex)
    values = {
        "holder": lease.holder,
        "host": _host(),
        "pid": os.getpid(),
        "process": _PROCESS,
        "expires_at": to_text(now + LEASE_TIME),
    }
    if row is None:
        connection.execute(leases.insert().values(org_id=org_id, **values))
    else:
        connection.execute(leases.update().where(leases.c.org_id == org_id).values(**values))
    return lease


def check(connection: Connection, lease: Lease, now: datetime) -> None:
    """Make sure that the lease is still ours, and renew it; part of every write's transaction.

    Raises:
        OrgBusy: Somebody else took it meanwhile.
    """
    renewed = connection.execute(
        leases.update()
        .where(leases.c.org_id == lease.org_id, leases.c.holder == lease.holder)
        .values(expires_at=to_text(now + LEASE_TIME))
    )
    if renewed.rowcount != 1:
        raise OrgBusy(
            "this run was silent for so long that another one took over; it stops here",
            place=lease.org_id,
            fix="look at `leadgate audit`, then run again",
        )


def release(connection: Connection, lease: Lease) -> None:
    """Give the lease back; nothing happens when it is lost already."""
    connection.execute(leases.delete().where(leases.c.org_id == lease.org_id, leases.c.holder == lease.holder))


def _dead(host: str, pid: int, process: str, kill: Callable[[int, int], None] = os.kill) -> bool:
    if host != _host():
        return False
    if pid == os.getpid():
        return process != _PROCESS
    try:
        kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _host() -> str:
    """The machine, without its name: people name machines after themselves."""
    return hashlib.sha256(f"{socket.gethostname()} {uuid.getnode()}".encode()).hexdigest()[:16]
