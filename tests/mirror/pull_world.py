"""A mock org, a client and a mirror, and short words for what happens between two pulls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

from sync.mapping import OrgMapping
from sync.mirror.pull import Progress, PullReport, pull
from sync.mirror.store import Mirror
from sync.mockorg import MockOrg, merges, rows
from sync.mockorg.clock import Clock
from sync.model import Record
from sync.org_settings import AccessToken, OrgSettings
from sync.salesforce.client import SalesforceClient, open_org

START = datetime(2026, 5, 1, 12, tzinfo=UTC)

ORG_YAML = """\
custom_fields:
  Lead:
    - {name: Budget__c, type: currency}
    - {name: Pricing_Discussed__c, type: boolean}
    - {name: Size__c, type: string, formula: "IF(NumberOfEmployees > 100, 'big', 'small')"}
profiles:
  - {name: System Administrator, modify_all_data: true, convert_leads: true, hard_delete: true, view_setup: true}
  - {name: Blinkered, modify_all_data: true, fields: {Lead.Budget__c: none}}
  - {name: Outsider, objects: {Task: [read]}}
users:
  - {username: admin@test.example, last_name: Admin}
  - {username: blinkered@test.example, last_name: Blinkered, profile: Blinkered}
  - {username: outsider@test.example, last_name: Outsider, profile: Outsider}
"""


@dataclass
class World:
    """One mock org, frozen in time until a test moves it, and one mirror."""

    mock: MockOrg
    folder: Path
    mapping: OrgMapping
    client: SalesforceClient
    url: str | None = None
    """Where the org is served on a socket; `None` in-process."""
    slept: list[float] = field(default_factory=list)
    heard: list[Progress] = field(default_factory=list)

    @property
    def path(self) -> Path:
        return self.folder / "state" / "mirror.duckdb"

    def log_in(self, username: str | None = None) -> None:
        """A new client, which has introduced itself already."""
        self.client = self.new_client(username)
        assert self.client.identity.org_id == self.mock.org_id
        self.calls()

    def new_client(self, username: str | None = None) -> SalesforceClient:
        token = SecretStr(self.mock.login(username))
        url = self.url or self.mock.instance_url
        settings = OrgSettings(name="test", credentials=AccessToken(instance_url=url, token=token))
        waited = {"now": 0.0}

        def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            waited["now"] += seconds

        return open_org(settings, clock=self.mock.clock.now, sleep=sleep, monotonic=lambda: waited["now"])

    def pull(
        self, *, mapping: OrgMapping | None = None, full: bool = False, objects: list[str] | None = None
    ) -> PullReport:
        return pull(
            self.client,
            self.path,
            mapping or self.mapping,
            clock=lambda: datetime.now(UTC),
            full=full,
            objects=objects,
            progress=self.heard.append,
        )

    @contextmanager
    def mirror(self, mapping: OrgMapping | None = None) -> Iterator[Mirror]:
        with Mirror.open(self.path, mapping or self.mapping, read_only=True) as mirror:
            yield mirror

    def row(self, lead_id: str, object_name: str = "lead") -> Record:
        with self.mirror() as mirror:
            return mirror.rows(object_name, [lead_id])[0]

    def versions(self, lead_id: str) -> int:
        with self.mirror() as mirror, mirror.session() as session:
            found = session.execute("SELECT count(*) FROM lead_version WHERE id = ?", [lead_id]).fetchone()
        assert found is not None
        return int(found[0])

    def pass_time(self, **by: float) -> None:
        """Sessions end meanwhile, so the client logs in anew."""
        self.mock.clock.advance(timedelta(**by))
        self.log_in()

    def create(self, object_name: str = "Lead", **values: object) -> str:
        given = {"LastName": "Ames", "Company": "Acme"} if object_name == "Lead" else {}
        done = rows.create(self.mock.org, self.mock.org.access.admin, object_name, {**given, **values})
        assert done.id, done.errors
        return done.id

    def update(self, record_id: str, object_name: str = "Lead", **values: object) -> None:
        done = rows.update(self.mock.org, self.mock.org.access.admin, object_name, record_id, values)
        assert done.success, done.errors

    def delete(self, record_id: str, object_name: str = "Lead") -> None:
        assert merges.delete(self.mock.org, self.mock.org.access.admin, object_name, record_id).success

    def undelete(self, record_id: str, object_name: str = "Lead") -> None:
        assert merges.undelete(self.mock.org, self.mock.org.access.admin, object_name, record_id).success

    def purge(self, record_id: str, object_name: str = "Lead") -> None:
        """Out of the recycle bin, too."""
        merges.purge(self.mock.org, self.mock.org.schema.object(object_name), record_id)

    def merge(self, winner: str, loser: str) -> None:
        outcome = merges.merge(self.mock.org, self.mock.org.access.admin, "Lead", {"Id": winner}, [loser])
        assert outcome.success, outcome.errors

    def calls(self) -> int:
        """Requests since the last time that this was asked."""
        sent = self.mock.requests.api_calls
        self.mock.requests.reset()
        return sent


def make_world(tmp_path: Path, mapping: OrgMapping, data: Path | None = None, org_yaml: str = ORG_YAML) -> World:
    """A world whose client has introduced itself already."""
    mock = MockOrg(data, org_yaml=org_yaml, clock=Clock(START, frozen=True))
    world = World(mock=mock, folder=tmp_path, mapping=mapping, client=None)  # type: ignore[arg-type]  # made next
    world.client = world.new_client()
    return world


def values_of(record: Mapping[str, object], *names: str) -> tuple[object, ...]:
    return tuple(record[name] for name in names)
