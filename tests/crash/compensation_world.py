"""A world of converted leads, and processes that compensate them and die at any point."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crash_points import Killed, Reaper, World, world

from sync.apply.compensate import CompensationResult, apply_compensation
from sync.insight.compensating import draw_up_compensation
from sync.mockorg import MockOrg
from sync.plan.compensation import CompensationPlan
from sync.policy.schema import Limits

LIMITS = Limits(stop_at_failures=1.0)


class ConvertedWorld:
    """Five converted leads: three of one new account, one of an account that was there; and what hangs on them."""

    def __init__(self, inner: World) -> None:
        self.inner = inner
        self.mock: MockOrg = inner.mock
        self.reaper: Reaper = inner.reaper
        scene = inner.scene
        self.leads = inner.leads
        inner.fresh()
        (campaign,) = scene.create("Campaign", {"Name": "Fair"})
        self.tasks = scene.create("Task", *({"WhoId": lead, "Subject": "Call"} for lead in self.leads[:4]))
        scene.create("CampaignMember", *({"CampaignId": campaign, "LeadId": lead} for lead in self.leads[2:]))
        assert inner.run() is not None
        self.mock.clock.advance(3600)
        ledger = inner.audit()
        try:
            self.plan: CompensationPlan = draw_up_compensation(
                scene.org, ledger, scene.pre_images, self.leads, created_at=self.mock.clock.now()
            )
        finally:
            ledger.dispose()
        assert not self.plan.held
        shutil.copy(inner.file, inner.empty)
        inner.before = self.mock.snapshot()

    def fresh(self) -> None:
        """The org after its conversions, and the ledger that holds them."""
        self.inner.fresh()

    def run(self, kill_at: int | None = None) -> CompensationResult | None:
        """A process that compensates; `None` when it was killed."""
        with self.inner.life(kill_at) as (org, ledger):
            try:
                options = self.inner.scene.options(limits=LIMITS, settle_seconds=0.0)
                return apply_compensation(self.plan, org, ledger, options)
            except Killed:
                return None

    def recover(self, kill_at: int | None = None) -> bool:
        """A process that only recovers; whether it lived to the end."""
        return self.inner.recover(kill_at)

    def state(self) -> Mapping[str, Any]:
        """What the org holds that counts."""
        db = self.mock.org.store.db

        def rows(sql: str) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in db.execute(sql).fetchall()]

        new = rows("SELECT LastName, Company FROM Lead WHERE IsConverted = 0 AND IsDeleted = 0 ORDER BY 1, 2")
        return {
            "new leads": new,
            "converted": rows("SELECT COUNT(*) FROM Lead WHERE IsConverted = 1 AND IsDeleted = 0"),
            "records": [
                rows(f"SELECT COUNT(*) FROM {name} WHERE IsDeleted = 0")  # noqa: S608 -- our own words
                for name in ("Account", "Contact", "Opportunity")
            ],
            "tasks": rows(
                "SELECT l.Company, COUNT(*) FROM Task t JOIN Lead l ON l.Id = t.WhoId "
                "WHERE t.IsDeleted = 0 AND l.IsConverted = 0 GROUP BY 1 ORDER BY 1"
            ),
            "members": rows(
                "SELECT l.Company, COUNT(*) FROM CampaignMember m JOIN Lead l ON l.Id = m.LeadId "
                "WHERE m.IsDeleted = 0 AND l.IsConverted = 0 GROUP BY 1 ORDER BY 1"
            ),
        }

    def check(self, expected: Mapping[str, Any]) -> None:
        """One new lead for each, nothing lost, every promise of the ledger kept."""
        assert self.state() == expected
        ledger = self.inner.audit()
        try:
            org_id = self.plan.org_id
            assert ledger.in_doubt(org_id) == ()
            assert ledger.verify_chain(org_id).intact
            applied = [e.key for e in ledger.audit(org_id) if (e.kind, e.state) == ("create_lead", "applied")]
            assert len(applied) == len(set(applied)) == len(self.leads)
            assert len(set(ledger.made_leads(org_id).values())) == len(self.leads)
        finally:
            ledger.dispose()


@contextmanager
def converted_world(folder: Path) -> Iterator[ConvertedWorld]:
    """A converted world whose requests are mortal points."""
    with world(folder) as inner:
        yield ConvertedWorld(inner)
