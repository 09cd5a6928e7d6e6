"""Query cursors: pages of an answer, and the locators by which clients ask for the next one.

One `Cursors` belongs to an org for its life; `clear` it when the org is reset.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ..behaviours import behaviour
from ..errors import SalesforceError
from .run import Answer, records, run

if TYPE_CHECKING:
    from datetime import datetime

    from ..access import User
    from ..org import Org
    from .run import QueryResult
    from .shape import Json, Record, Rendering

LOCATOR_PREFIX = "0r8"
LIFE = timedelta(days=2)
MIN_PAGE = 200
MAX_PAGE = 2000
LONG_TEXT_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Page:
    """A page of records. `locator` (`0r8…-2000`) leads to the next one; None on the last."""

    records: list[Record]
    total: int
    locator: str | None

    @property
    def done(self) -> bool:
        """Whether it is the last page."""
        return self.locator is None

    def as_json(self, version: str) -> Record:
        """The body of a REST answer; `version` as in the path, without the v."""
        body: Record = {"totalSize": self.total, "done": self.done}
        if self.locator is not None:
            body["nextRecordsUrl"] = f"/services/data/v{version}/query/{self.locator}"
        body["records"] = self.records
        return body


@dataclass(frozen=True, slots=True)
class _Cursor:
    answer: Answer
    total: int
    page_size: int
    user_id: str
    expires: datetime


class Cursors:
    """The open cursors of an org."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._open: dict[str, _Cursor] = {}

    def clear(self) -> None:
        """Forget all cursors."""
        self._open.clear()

    def query(
        self,
        user: User,
        text: str,
        by: Rendering,
        *,
        all_rows: bool = False,
        batch_size: int | None = None,
        shrink_to: int | None = None,
    ) -> Page:
        """Run a query and answer its first page.

        `batch_size` is the client's wish (`Sforce-Query-Options`), `shrink_to` a page size that a fault forces.

        Raises:
            SalesforceError: whatever Salesforce refuses.
        """
        result = run(self._org, user, text, all_rows=all_rows)
        if not len(result.answer):
            return Page([], result.total, None)
        cursor = _Cursor(
            result.answer,
            result.total,
            page_size(batch_size, long_text=result.plan.long_text),
            user.id,
            self._org.clock.now() + LIFE,
        )
        return self._page(cursor, None, 0, by, size=shrink_to or cursor.page_size)

    def result_page(self, result: QueryResult, user: User, by: Rendering) -> Page:
        """The first page of a result that `run` gave."""
        cursor = _Cursor(result.answer, result.total, MAX_PAGE, user.id, self._org.clock.now() + LIFE)
        return self._page(cursor, None, 0, by, size=MAX_PAGE)

    @behaviour(
        "Query cursors live two days",
        "confirmed",
        "REST API Developer Guide: cursors live two days, without a limit on their number",
    )
    def more(
        self, user: User, locator: str, by: Rendering, *, batch_size: int | None = None, shrink_to: int | None = None
    ) -> Page:
        """The page at a locator, as often as asked for, by the user who ran the query, for two days.

        Raises:
            SalesforceError: INVALID_QUERY_LOCATOR.
        """
        key, _, offset = locator.partition("-")
        cursor = self._open.get(key)
        if cursor is None or cursor.user_id != user.id or not offset.isdigit() or int(offset) >= len(cursor.answer):
            raise SalesforceError("INVALID_QUERY_LOCATOR", "invalid query locator")
        if self._org.clock.now() >= cursor.expires:
            del self._open[key]
            raise SalesforceError("INVALID_QUERY_LOCATOR", "invalid query locator")
        size = page_size(batch_size) if batch_size is not None else cursor.page_size
        return self._page(cursor, key, int(offset), by, size=shrink_to or size)

    def _page(self, cursor: _Cursor, key: str | None, start: int, by: Rendering, *, size: int) -> Page:
        def nested(answer: Answer) -> Json:
            inner = _Cursor(answer, len(answer), cursor.page_size, cursor.user_id, cursor.expires)
            return self._page(inner, None, 0, by, size=cursor.page_size).as_json(by.version)

        found = records(cursor.answer, start, size, by, nested)
        after = start + len(found)
        if after >= len(cursor.answer):
            return Page(found, cursor.total, None)
        if key is None:
            key = self._org.ids.next(LOCATOR_PREFIX)
            self._forget_expired()
            self._open[key] = cursor
        return Page(found, cursor.total, f"{key}-{after}")

    def _forget_expired(self) -> None:
        now = self._org.clock.now()
        for key in [key for key, cursor in self._open.items() if now >= cursor.expires]:
            del self._open[key]


@behaviour(
    "Query pages hold 200 to 2000 records",
    "confirmed",
    "REST API Developer Guide batchSize 200–2000 as a hint; a recorded page of 1000 with long text",
)
def page_size(wish: int | None, *, long_text: bool = False) -> int:
    """The client's batch size is a hint, kept between 200 and 2000; with a long text area pages hold 1000 at most."""
    size = MAX_PAGE if wish is None else min(max(wish, MIN_PAGE), MAX_PAGE)
    return min(size, LONG_TEXT_PAGE) if long_text else size
