"""From a request to its answer: the steps that every call goes through, whichever door it came by.

1. size of URI and headers (414, 431), gzip body, method override
2. the route, and the scripted faults that strike it before or after its effect
3. API version (404, 410), session (401), quota (403), then the handler, all under the org's lock
4. log, `Date`, `Sforce-Limit-Info`, gzip
"""

from __future__ import annotations

from dataclasses import replace
from email.utils import format_datetime
from time import monotonic
from typing import TYPE_CHECKING

from .api.errors import error_response, row_error_response
from .api.versions import number
from .behaviours import behaviour
from .call import Call, Route, Tally, check_conventions, check_version, session_is_invalid
from .errors import NOT_MODELLED_HEADER, RowRefused, SalesforceError, not_modelled_header
from .faults import ON_THE_WAY, REFUSALS, Fault, FaultKind
from .http import Delivery, Request, Response, compressed
from .intake import overridden, unpacked
from .limits import LONG_CALL
from .nowhere import needs_session, nowhere
from .refusals import refusal
from .request_log import LoggedRequest
from .router import Found, NoSuchMethod, Router

if TYPE_CHECKING:
    from .doors import Doors
    from .sessions import Session

_SMALLEST_GZIP = 1024


class Answering:
    """The core behind every door."""

    def __init__(self, doors: Doors, router: Router[Route]) -> None:
        self._doors = doors
        self._router = router
        doors.dispatch = self.dispatch

    def answer(self, request: Request) -> Response:
        """Answer one request from a client."""
        try:
            request = unpacked(overridden(request))
        except SalesforceError as error:
            return self._finished(request, error_response(error))
        found = self._router.find(request.method, request.segments)
        operation, template = _named(found, request)
        tally = Tally()
        fault = self._strike(ON_THE_WAY | REFUSALS, operation, request)
        latency = self._strike(frozenset({FaultKind.LATENCY}), operation, request)
        response = self._refused_as_long(found, latency)
        if response is None:
            response = self._with_cost(self._faulted(fault, found, request, tally), found, tally)
            if latency is not None:
                response = replace(response, delay=response.delay + latency.seconds)
        struck = fault or latency
        entry = LoggedRequest(
            operation=operation,
            method=request.method,
            template=template,
            path=request.path,
            status=response.status or None,
            api_calls=tally.api_calls,
            fault=struck.kind if struck is not None else None,
        )
        self._log(request, entry)
        return self._finished(request, response)

    def dispatch(self, request: Request, session: Session, tally: Tally) -> Response:
        """Answer a subrequest of composite, batch or graph: same session, not charged, no faults of the way."""
        found = self._router.find(request.method, request.segments)
        with self._doors.org.lock:
            response = self._handled(found, request, tally, session=session)
        missing = response.header(NOT_MODELLED_HEADER)
        if missing is not None and missing not in tally.not_modelled:
            tally.not_modelled.append(missing)
        return response

    def _strike(self, kinds: frozenset[FaultKind], operation: str, request: Request) -> Fault | None:
        with self._doors.org.lock:
            if not self._doors.faults.any_of(kinds):
                return None
            text = f"{request.path}?{request.query_string} {request.body.decode('latin-1')}"
            return self._doors.faults.strike(kinds, route=operation, text=text)

    def _faulted(
        self, fault: Fault | None, found: Found[Route] | NoSuchMethod | None, request: Request, tally: Tally
    ) -> Response:
        if fault is None:
            return self._handled(found, request, tally)
        late = fault.effect and fault.kind in ON_THE_WAY and fault.seconds > 0
        if late:
            with self._doors.org.lock:
                self._doors.happen_later(lambda: self._handled(found, request, Tally()), seconds=fault.seconds)
        real = self._handled(found, request, tally) if fault.effect and not late else None
        if fault.kind in REFUSALS:
            return refusal(fault, request)
        delivery = {
            FaultKind.TIMEOUT: Delivery.STALLED,
            FaultKind.DROP: Delivery.DROPPED,
            FaultKind.TRUNCATE: Delivery.TRUNCATED,
        }[fault.kind]
        return replace(real or Response(status=0), delivery=delivery)

    def _handled(
        self,
        found: Found[Route] | NoSuchMethod | None,
        request: Request,
        tally: Tally,
        *,
        session: Session | None = None,
    ) -> Response:
        """The answer without faults; `session` is given for subrequests, whose call is charged already."""
        subrequest = session is not None
        try:
            with self._doors.org.lock:
                self._doors.do_what_is_due()
                version = _version(request)
                wanted = found.handler.session if isinstance(found, Found) else needs_session(request)
                if wanted and session is None:
                    session = self.session_of(request)
                if not isinstance(found, Found):
                    self._charge(session, tally, subrequest=subrequest)
                    return self._limit_info(error_response(nowhere(found, request)), session)
                route = found.handler
                check_version(route, version)
                call = Call(
                    doors=self._doors,
                    request=request,
                    route=route,
                    operation=_named(found, request)[0],
                    parameters=found.parameters,
                    session=session,
                    version=version,
                    tally=tally,
                )
                if route.charged and not subrequest:
                    call.charge()
                try:
                    check_conventions(request, route)
                    response = route.handler(call)
                except SalesforceError as error:
                    response = error_response(error)
                except RowRefused as refused:
                    response = row_error_response(refused.errors)
                if tally.not_modelled and not subrequest:
                    told = not_modelled_header(*tally.not_modelled).items()
                    response = replace(response, headers=(*response.headers, *told))
                return self._limit_info(response, session) if route.charged else response
        except SalesforceError as error:
            return self._limit_info(error_response(error), session)

    def _with_cost(self, response: Response, found: Found[Route] | NoSuchMethod | None, tally: Tally) -> Response:
        """What a call costs in time (`costs` of the settings); conversions spend theirs while they hold their locks."""
        costs = self._doors.org.settings.costs
        if not isinstance(found, Found) or not found.handler.charged:
            return response
        seconds = costs.per_call + costs.per_record * tally.records
        if seconds and self._doors.org.clock.frozen:
            self._doors.org.clock.advance(seconds)
            return response
        return replace(response, delay=response.delay + seconds)

    def _refused_as_long(self, found: Found[Route] | NoSuchMethod | None, latency: Fault | None) -> Response | None:
        """The refusal of a call that would be one long-running call too many; else it counts as running."""
        seconds = latency.seconds if latency is not None else 0.0
        org = self._doors.org
        if isinstance(found, Found) and found.handler.charged and not org.clock.frozen:
            seconds += org.settings.costs.per_call
        if seconds < LONG_CALL:
            return None
        try:
            with org.lock:
                org.limits.run_long_call_until(monotonic() + seconds)
        except SalesforceError as error:
            return error_response(error)
        return None

    def _charge(self, session: Session | None, tally: Tally, *, subrequest: bool) -> None:
        if session is not None and not subrequest:
            self._doors.org.limits.charge_api_call(self._doors.org.access.user(session.user_id))
            tally.api_calls += 1

    @behaviour("401 INVALID_SESSION_ID with WWW-Authenticate: Token", source="recording of a real org")
    def session_of(self, request: Request) -> Session:
        """The session that the request's token opens.

        Raises:
            SalesforceError: 401 without a good token, 403 for a user without API access.
        """
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() not in {"bearer", "oauth"}:
            raise session_is_invalid()
        return self._doors.open_session(token.strip())

    @behaviour("Sforce-Limit-Info on data calls", source="recordings: on 2xx and 4xx, absent on 401 and on versions")
    def _limit_info(self, response: Response, session: Session | None) -> Response:
        """Data calls say how many of the day's API calls are used."""
        if session is None or response.status == 401:
            return response
        used, allowed = self._doors.org.limits.usage()
        return replace(response, headers=(*response.headers, ("Sforce-Limit-Info", f"api-usage={used}/{allowed}")))

    def _log(self, request: Request, entry: LoggedRequest) -> None:
        options = request.headers.get("Sforce-Call-Options", "")
        client = next((part.split("=", 1)[1].strip() for part in options.split(",") if "client=" in part), None)
        body = request.body if self._doors.log.bodies else None
        with self._doors.org.lock:
            self._doors.log.add(replace(entry, client=client, body=body))

    def _finished(self, request: Request, response: Response) -> Response:
        """The headers that every answer has; gzip where the client takes it; no body for HEAD; the way's latency."""
        headers = [
            ("Date", format_datetime(self._doors.org.clock.now(), usegmt=True)),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Robots-Tag", "none"),
            ("Cache-Control", "no-cache,must-revalidate,max-age=0,no-store,private"),
            *response.headers,
        ]
        body = response.body
        if "gzip" in request.headers.get("Accept-Encoding", "").lower() and len(body) >= _SMALLEST_GZIP:
            body = compressed(body)
            headers += [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]
        return replace(response, headers=tuple(headers), body=body, delay=response.delay + self._doors.latency)


def _named(found: Found[Route] | NoSuchMethod | None, request: Request) -> tuple[str, str]:
    """The operation's name and path template, for log and faults."""
    match found:
        case Found(handler=route, template=template):
            return (route.operation(request) if route.operation else route.name), template
        case NoSuchMethod(template=template):
            return "no such method", template
        case None:
            return "no such resource", "(none)"


def _version(request: Request) -> int:
    """The API version in the path of a REST call; 0 elsewhere."""
    segments = request.segments
    if len(segments) > 2 and segments[0].lower() == "services" and segments[1].lower() == "data":
        return number(segments[2])
    return 0
