"""The one place that sends requests to the org: session renewal, retries by permission, quota, clock.

A reply returned is a success (or an absence that the call allows); all else is raised: `NeverSent` and `AnswerLost`
for the network, `AccessRefused` and `OrgFault` for a no. Callers that write turn these into one answer per record with
`failures.answers_for`. A call is sent again with everything that it carried the first time: without its
`If-Unmodified-Since` a conditional write would become unconditional.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from urllib.parse import urlsplit

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from sync import __version__, events
from sync.errors import LeadgateError, OrgFault
from sync.salesforce import soap
from sync.salesforce.auth.login import Login
from sync.salesforce.auth.session import Session
from sync.salesforce.calls import Call, Content, Effect, Reply, Root, Spot
from sync.salesforce.failures import AnswerLost, Failure, NeverSent, error_of, failure_of, network_error
from sync.salesforce.faults import Kind
from sync.salesforce.http import Bearer, packed, save_body
from sync.salesforce.usage import UsageMeter
from sync.salesforce.values import moment_of_http_date

CLIENT = f"leadgate/{__version__}"
"""How the org's logs and change events name us (`Sforce-Call-Options: client=…`)."""

_ATTEMPTS = {Effect.READ: 4, Effect.WRITE: 4, Effect.ONCE: 1}
_CHARGED = ("/services/data/", "/services/Soap/")  # what counts against the quota; OAuth doesn't
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 20.0  # seconds, doubling, plus up to a second of jitter


@dataclass(slots=True)
class _Again(Exception):
    """The call may be sent again; if it may not any more, `error` is what to raise."""

    error: LeadgateError


class Transport:
    """Sends calls to one org. Safe to share between threads.

    Args:
        login: Where sessions come from.
        http: The `requests` session (see `http.open_session`).
        api_version: The version wished for; the org's newest is used if it is older.
        clock: The local clock, until the org's own is known.
        sleep: How waiting is done, in seconds.
    """

    def __init__(
        self,
        login: Login,
        http: requests.Session,
        *,
        api_version: str,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self.usage = UsageMeter()
        self._login = login
        self._http = http
        self._wished_version = api_version
        self._version: str | None = None
        self._version_lock = threading.Lock()
        self._clock = clock
        self._sleep = sleep
        self._ahead = timedelta(0)

    @property
    def session(self) -> Session:
        """The session in force."""
        return self._login.session()

    @property
    def api_version(self) -> str:
        """The version in use: the one wished for, or the org's newest where that is older (asked once, unsigned)."""
        with self._version_lock:
            if self._version is None:
                self._version = self._settled_version()
            return self._version

    def now(self) -> datetime:
        """The org's clock: its last reply's `Date`, moved on by ours since (ours alone before the first reply)."""
        return self._clock() + self._ahead

    def send(self, call: Call) -> Reply:
        """Send a call until it has an answer or may not be sent again.

        Raises:
            NeverSent: It certainly did not run.
            AnswerLost: It may have run.
            AccessRefused, OrgFault: Salesforce said no, and it did not run.
        """
        retrier = Retrying(
            retry=retry_if_exception_type(_Again),
            stop=stop_after_attempt(_ATTEMPTS[call.effect]),
            wait=wait_exponential_jitter(initial=_FIRST_WAIT, max=_LONGEST_WAIT),
            sleep=self._sleep,
            before_sleep=lambda state: _tell_retry(call, state),
            reraise=True,
        )
        try:
            return retrier(self._attempt, call)
        except _Again as exhausted:
            raise exhausted.error from exhausted.__cause__

    def _attempt(self, call: Call) -> Reply:
        session, path = self._ready(call)
        reply, failure = self._exchange(call, session, path)
        if failure is not None and failure.kind is Kind.REFRESH and call.signed:
            renewed = self._current(lambda: self._login.refresh(session))
            reply, failure = self._exchange(call, renewed, path)
        if failure is None:
            return reply
        error = error_of(failure, call.template)
        if failure.kind is Kind.RETRYABLE or (failure.kind is Kind.IN_DOUBT and call.effect is Effect.READ):
            raise _Again(error)
        if failure.kind is Kind.IN_DOUBT:
            raise AnswerLost(error.message, place=error.place, fix=error.fix, code=failure.code)
        raise error

    def _ready(self, call: Call) -> tuple[Session, str]:
        """The session and the whole path; whatever fails here, the call itself was not sent."""
        session = self._current(self._login.session)
        try:
            match call.root:
                case Root.ORG:
                    return session, call.path
                case Root.DATA:
                    return session, f"/services/data/v{self.api_version}{call.path}"
                case Root.SOAP:
                    return session, f"/services/Soap/u/{self.api_version}{call.path}"
        except AnswerLost as lost:
            raise NeverSent(lost.message, place=lost.place, fix=lost.fix, code=lost.code) from lost

    def _current(self, log_in: Callable[[], Session]) -> Session:
        """A session; a login server that can't be reached now may be reached later, and nothing was sent yet."""
        try:
            return log_in()
        except NeverSent as unreached:
            raise _Again(unreached) from unreached

    def _exchange(self, call: Call, session: Session, path: str) -> tuple[Reply, Failure | None]:
        """One request and its reply. Raises `_Again` or the network's error where there is no reply."""
        started = time.monotonic()
        body, packing = self._body(call, session)
        try:
            with self._http.request(
                call.method,
                session.instance_url + path,
                data=body,
                headers={**_headers(call), **packing},
                auth=Bearer(session.access_token if call.signed else None),
                allow_redirects=False,
                stream=True,
            ) as response:
                if call.signed and path.startswith(_CHARGED):
                    self.usage.sent()
                if call.save_to is not None and response.status_code == 200:
                    save_body(response, call.save_to)
                    content = b"-"
                else:
                    content = response.content
        except OSError as error:  # those of `requests` are, too
            found = network_error(error, urlsplit(session.instance_url).netloc)
            _tell(call, started, code=found.code)
            if isinstance(found, NeverSent) or call.effect is Effect.READ:
                raise _Again(found) from error
            raise found from error
        reply = Reply(
            status=response.status_code,
            headers=response.headers,
            content=content,
            data=_decoded(call, response, content),
        )
        self._heed(call, reply)
        failure = failure_of(call, reply)
        _tell(call, started, status=reply.status, code=failure.code if failure else None)
        return reply, failure

    def _body(self, call: Call, session: Session) -> tuple[bytes | None, Mapping[str, str]]:
        body = call.body
        if callable(body):
            body = body(Spot(access_token=session.access_token, api_version=self.api_version))
        return (None, {}) if body is None else packed(body, compress=call.compress)

    def _heed(self, call: Call, reply: Reply) -> None:
        """Take the quota and the clock from a reply."""
        self.usage.read_headers(reply.headers)
        if call.content is Content.XML:
            told = soap.limit_info(reply.content)
            if told is not None:
                self.usage.told(used=told[0], allowed=told[1])
        date = moment_of_http_date(reply.headers.get("Date"))
        if date is not None:
            self._ahead = date - self._clock()

    def _settled_version(self) -> str:
        call = Call(method="GET", path="/services/data", template="/services/data", root=Root.ORG, signed=False)
        listed = self.send(call).data
        try:
            offered = {float(row["version"]): str(row["version"]) for row in listed}
            newest = max(offered)
        except (TypeError, KeyError, ValueError):
            raise OrgFault(
                "the address doesn't list API versions as Salesforce does",
                place="/services/data",
                fix="check LEADGATE_INSTANCE_URL",
            ) from None
        if float(self._wished_version) in offered:
            return offered[float(self._wished_version)]
        settled = offered[newest]
        events.info("salesforce.api_version", wished=self._wished_version, settled=settled)
        return settled


def _headers(call: Call) -> dict[str, str]:
    headers = {"Sforce-Call-Options": f"client={CLIENT}"}
    if call.root is Root.DATA:
        headers["Sforce-Mru"] = "updateMru=false"
    if call.content is not Content.NOTHING:
        headers["Accept"] = call.content.value
    if call.body is not None:
        headers["Content-Type"] = call.body_type
    return {**headers, **call.headers}


def _decoded(call: Call, response: requests.Response, content: bytes) -> object:
    """The body as JSON, decimals exact; `None` when it isn't whole JSON."""
    wanted = call.content is Content.JSON or (not response.ok and call.content is not Content.XML)
    if not wanted or not content:
        return None
    try:
        return json.loads(content, parse_float=Decimal)
    except ValueError:
        return None


def _tell(call: Call, started: float, *, status: int | None = None, code: str | None = None) -> None:
    events.debug(
        "salesforce.call",
        method=call.method,
        path=call.template,
        status=status,
        code=code,
        seconds=round(time.monotonic() - started, 3),
    )


def _tell_retry(call: Call, state: RetryCallState) -> None:
    failed = state.outcome.exception() if state.outcome else None
    events.warning(
        "salesforce.retry",
        method=call.method,
        path=call.template,
        code=failed.error.code if isinstance(failed, _Again) else None,
        attempt=state.attempt_number,
        seconds=round(state.upcoming_sleep, 1),
    )
