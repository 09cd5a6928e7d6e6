"""`MockOrg`: one emulated org and its doors, the public face of this package.

It owns the org model, the sessions, the scripted faults and the request log, and opens doors: `in_process` for
clients built on `requests`, `serve` for any client at all. Everything of the control path is a method here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from .answering import Answering
from .api.routes import router
from .bulk.ingest_job import IngestJobs
from .bulk.jobs import Transitions
from .bulk.query_job import BulkQueryJobs
from .control import PREFIX, control
from .data import dump_folder, load_folder, org_from_folder
from .doors import Doors
from .faults import Fault, Faults
from .ids import to18
from .org import Org
from .sessions import Sessions, TokenKind
from .soql.cursor import Cursors

if TYPE_CHECKING:
    from contextlib import _GeneratorContextManager  # what contextmanager makes: a context manager and a decorator

    import responses

    from .access import User
    from .clock import Clock
    from .data import LoadReport
    from .http import Request, Response
    from .locks import Holder
    from .org import OrgSnapshot
    from .request_log import RequestLog
    from .server import Server


class UserIsUnknown(LookupError):
    """No user of the org has this username."""


class MockOrg:
    """An emulated Salesforce org.

    Attributes:
        org: the model behind the doors, for tests that look at records directly.
        doors: sessions, grants, faults and log.
    """

    def __init__(
        self,
        data: Path | str | None = None,
        *,
        seed: int = 0,
        org_yaml: str | None = None,
        strict: bool = False,
        clock: Clock | None = None,
    ) -> None:
        """Make an org.

        Args:
            data: a folder with one CSV per object and perhaps an org.yaml; None is an org without records.
            seed: what ids, tokens and chances of faults are made from; the same seed gives the same org.
            org_yaml: the text of an org.yaml, instead of the one in `data`.
            strict: hold SOAP requests against the WSDL.
            clock: the org's clock; None follows the machine's.

        Raises:
            OrgYamlError: the org.yaml is wrong; names file, line, key and fix.
            DataError: a CSV file is wrong; names file, line, column and fix.
        """
        self._data = Path(data) if data is not None else None
        self._org_yaml = org_yaml
        self._clock = clock
        self._strict = strict
        self._build(seed)

    def _build(self, seed: int) -> None:
        self.org = self._fresh_org(seed)
        self._row_holder: Holder | None = None
        credentials = self.org.settings.credentials
        transitions = Transitions()
        self.doors = Doors(
            org=self.org,
            sessions=Sessions(
                org_id=self.org.org_id,
                clock=self.org.clock,
                seed=seed,
                lifetime=timedelta(seconds=credentials.session_seconds),
            ),
            faults=Faults(seed),
            cursors=Cursors(self.org),
            query_jobs=BulkQueryJobs(self.org, transitions),
            ingest_jobs=IngestJobs(self.org, transitions),
            instance_url=f"https://{self.org.settings.organization.domain}.my.salesforce.com",
            strict=self._strict,
        )
        self.doors.grants.refresh_tokens[credentials.refresh_token] = self._user(credentials.run_as).id
        self._answering = Answering(self.doors, router())

    def _fresh_org(self, seed: int) -> Org:
        if self._data is None:
            return Org.create(seed=seed, org_yaml=self._org_yaml, clock=self._clock)
        if self._org_yaml is None:
            return org_from_folder(self._data, seed=seed, clock=self._clock)
        org = Org.create(seed=seed, org_yaml=self._org_yaml, clock=self._clock)
        load_folder(org, self._data)
        return org

    def load(self, folder: Path | str) -> LoadReport:
        """Add the records of a folder of CSV files to the org.

        Raises:
            DataError: with every problem, each naming file, line, column and fix; nothing is loaded then.
        """
        with self.org.lock:
            return load_folder(self.org, folder)

    def dump(self, folder: Path | str) -> tuple[Path, ...]:
        """Write the org's records as a folder of CSV files, with its org.yaml; returns the files written."""
        return dump_folder(self.org, folder)

    def snapshot(self) -> OrgSnapshot:
        """The org's records, ids and usage at this moment, to go back to with `restore`."""
        return self.org.snapshot()

    def restore(self, snapshot: OrgSnapshot) -> None:
        """Back to a snapshot of this org; open cursors and calls still on their way are forgotten.

        Sessions, faults and clock stay as they are.
        """
        with self.org.lock:
            self.org.restore(snapshot)
            self.doors.cursors.clear()
            self.doors.late_commits.clear()
            self.doors.late_effects.clear()

    def handle(self, request: Request) -> Response:
        """Answer one request; every door ends here."""
        if request.segments[:1] == (PREFIX,):
            return control(self, request)
        return self._answering.answer(request)

    @property
    def instance_url(self) -> str:
        """The org's own address, as a real one would have it; in-process clients use it."""
        return self.doors.instance_url

    @property
    def org_id(self) -> str:
        """The organization id, 18 characters."""
        return self.org.org_id

    @property
    def clock(self) -> Clock:
        """The org's clock."""
        return self.org.clock

    @property
    def requests(self) -> RequestLog:
        """What was asked so far."""
        return self.doors.log

    def _user(self, username: str | None) -> User:
        if username is None:
            return self.org.access.admin
        user = self.org.access.by_username(username)
        if user is None:
            raise UserIsUnknown(f"the org has no user {username}")
        return user

    def login(self, username: str | None = None, *, jwt_token: bool = False) -> str:
        """An access token for a user (default the administrator), without the way over the token endpoint.

        Raises:
            UserIsUnknown: no user has this username.
        """
        with self.org.lock:
            kind = TokenKind.JWT if jwt_token else TokenKind.OPAQUE
            return self.doors.sessions.open(self._user(username).id, kind=kind).token

    def access_token(self, username: str | None = None) -> str:
        """As `login`."""
        return self.login(username)

    def expire_sessions(self) -> int:
        """End every session, so that each client meets a 401 next; returns how many there were."""
        with self.org.lock:
            return self.doors.sessions.end_all()

    def new_jwt_key(self) -> str:
        """A private key (PEM) whose JWT bearer assertions the org accepts from now on."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self.doors.grants.public_keys.append(public.decode("ascii"))
        return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")

    def add_fault(self, *faults: Fault) -> None:
        """Put scripted faults in force."""
        with self.org.lock:
            self.doors.faults.add(*faults)

    def clear_faults(self) -> None:
        """Take all scripted faults away."""
        with self.org.lock:
            self.doors.faults.clear()

    def set_latency(self, seconds: float) -> None:
        """Let every request from now on take so much longer, as over a long way to the org; 0 takes it away.

        Waited by the door outside the org's lock, so requests that run side by side wait side by side.

        Raises:
            ValueError: less than nothing.
        """
        if seconds < 0:
            raise ValueError(f"latency is at least 0 seconds, not {seconds}")
        self.doors.latency = seconds

    def hold_rows(self, *record_ids: str) -> None:
        """Hold rows as another call would, until `release_rows`: conversions that need them wait, then are refused."""
        with self.org.lock:
            self._row_holder = self._row_holder or self.org.locks.holder()
            self.org.locks.take_free(self._row_holder, [to18(each) or each for each in record_ids])

    def release_rows(self) -> None:
        """Let go of all rows held by `hold_rows`."""
        with self.org.lock:
            if self._row_holder is not None:
                self.org.locks.release(self._row_holder)
                self._row_holder = None
                self.doors.freed.notify_all()

    @property
    def transitions(self) -> Transitions:
        """The course that bulk jobs yet to be created will take; set its `query` and `ingest`."""
        return self.doors.query_jobs.transitions

    def reset(self, seed: int | None = None) -> None:
        """Back to the org as it was made (or as another seed makes it): records, sessions, faults, clock and log."""
        self._build(self.org.seed if seed is None else seed)

    def in_process(
        self, *, sleep: Callable[[float], None] = time.sleep
    ) -> _GeneratorContextManager[responses.RequestsMock]:
        """Answer every `requests` call to the org's hosts while the block (or the decorated function) runs.

        Other hosts are left alone.
        """
        from .inprocess import LOGIN_HOSTS, in_process  # noqa: PLC0415 - a socket server needs no requests

        host = urlsplit(self.instance_url).hostname or ""
        return in_process(self.handle, hosts=(host, *LOGIN_HOSTS), sleep=sleep)

    def serve(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: bool = False,
        ca_file: Path | None = None,
    ) -> AbstractContextManager[Server]:
        """Serve the org on a socket while the block runs."""
        from .server import serve  # noqa: PLC0415 - in-process use needs no server

        return serve(self, host=host, port=port, tls=tls, ca_file=ca_file)
