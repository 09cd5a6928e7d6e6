# ruff: noqa: S608 -- identifiers come from the checked mapping and are quoted; values are parameters
"""The mirror as everybody but the pull sees it: records by id, decisions, evidence, how fresh it is.

`Mirror.open` refuses a mirror that doesn't hold what the mapping speaks of, so that nothing is ever decided on a
column that no pull has filled.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path

from duckdb import DuckDBPyConnection

from sync.errors import InputInvalid, MirrorUnusable
from sync.mapping import OrgMapping
from sync.mirror import candidates, decide
from sync.mirror.about import About
from sync.mirror.connection import Wait, give_up, opened
from sync.mirror.decide import Acting, Decided
from sync.mirror.forget import Forgotten, forget, is_rewrite_due, rewrite, same_person
from sync.mirror.mentions import Mention, find_mentions, marks_of
from sync.mirror.scores import Score, drop_scores, read_scores, write_scores
from sync.mirror.state import ObjectState, read_meta, read_states
from sync.mirror.tables import check_format, prepare, quoted
from sync.model import FieldType, Record, Value, as_utc, normal_id
from sync.plan.matching import LeadMatches
from sync.policy.compile import CompiledPolicy
from sync.policy.decision import Decision, Evidence

_LIKE_AN_ID = re.compile(r"0[0-9A-Za-z]{14}(?:[0-9A-Za-z]{3})?")


class Mirror:
    """An open mirror; made by `Mirror.open`."""

    def __init__(self, connection: DuckDBPyConnection, mapping: OrgMapping) -> None:
        self._connection = connection
        self._mapping = mapping
        self._states = read_states(connection)

    @classmethod
    @contextmanager
    def open(cls, path: Path, mapping: OrgMapping, *, read_only: bool = True, wait: Wait = give_up) -> Iterator[Mirror]:
        """The mirror at `path`, for as long as the `with` lasts; keep that short.

        Raises:
            MirrorUnusable: Missing, unreadable, from a newer leadgate, or pulled with another mapping.
            OrgBusy: Another process holds it for longer than `wait` allows.
        """
        with opened(path, read_only=read_only, wait=wait) as connection:
            check_format(connection, path)
            if not read_only:
                prepare(connection, mapping)
            mirror = cls(connection, mapping)
            mirror._refuse_unpulled(path)
            try:
                yield mirror
            finally:
                due = not read_only and is_rewrite_due(connection)
                connection.close()
                if due:
                    rewrite(path, wait)

    @property
    def org_id(self) -> str | None:
        """The org that was pulled."""
        return read_meta(self._connection, "org_id")

    @property
    def states(self) -> Mapping[str, ObjectState]:
        """How far each object has been pulled, by our object name."""
        return self._states

    def watermark(self) -> datetime | None:
        """The instant up to which the org vouched for everything that the mirror holds: the oldest of all objects."""
        marks = [s.watermark for s in self._states.values() if s.watermark and s.object in self._mapping]
        return min(marks, default=None)

    def counts(self) -> dict[str, int]:
        """Live (not deleted) records of each object, by our object name."""
        return {
            mapped.name: _number(
                self._connection.execute(
                    f"SELECT count(*) FILTER (WHERE NOT is_deleted) FROM {quoted(mapped.name)}"
                ).fetchone()
            )
            for mapped in self._mapping
        }

    def rows(self, object_name: str, ids: Sequence[str], fields: Sequence[str] | None = None) -> list[Record]:
        """Records by id, deleted ones included, in the order of `ids`; unknown ids are left out.

        Args:
            object_name: Our name of the object.
            ids: 18-character ids.
            fields: Our field names; all mapped ones when `None`. `id` is always there.
        """
        mapping = self._mapping[object_name]
        names = tuple(dict.fromkeys(("id", *(mapping.fields if fields is None else fields))))
        listed = ", ".join(quoted(name) for name in names)
        found = self._connection.execute(
            f"SELECT {listed} FROM {quoted(mapping.name)} WHERE id IN (SELECT unnest(?))", [list(ids)]
        ).fetchall()
        times = [name for name in names if mapping.fields[name].type is FieldType.DATETIME]
        by_id: dict[str, Record] = {}
        for row in found:
            record = dict(zip(names, row, strict=True))
            for name in times:
                record[name] = as_value(record[name])
            by_id[row[0]] = record
        return [by_id[id_] for id_ in dict.fromkeys(ids) if id_ in by_id]

    def survivor(self, lead_id: str) -> str:
        """The lead that a merged lead went into, at the end of the chain; the id itself when it was not merged."""
        seen = {lead_id}
        while True:
            row = self._connection.execute("SELECT master_record_id FROM lead WHERE id = ?", [lead_id]).fetchone()
            if row is None or row[0] is None or row[0] in seen:
                return lead_id
            lead_id = str(row[0])
            seen.add(lead_id)

    def find_lead(self, wanted: str) -> list[Record]:
        """Leads that a person may mean: by id (15 or 18 characters, merged ones followed), e-mail, name or company.

        Raises:
            InputInvalid: `wanted` is blank, a mistyped id, or an id of something that isn't a lead.
        """
        wanted = wanted.strip()
        lead_id = normal_id(wanted)
        if lead_id is not None and lead_id.startswith("00Q"):
            return self.rows("lead", [self.survivor(lead_id)])
        if not wanted or _LIKE_AN_ID.fullmatch(wanted):
            raise InputInvalid(f"{wanted!r} is no lead", fix="give a lead's id (00Q…), e-mail address, name or company")
        lead = self._mapping["lead"]
        for name in ("email", "name", "company"):
            if name not in lead.fields:
                continue
            found = self._connection.execute(
                f"SELECT id FROM lead WHERE NOT is_deleted AND lower({quoted(name)}) = lower(?) ORDER BY id", [wanted]
            ).fetchall()
            if found:
                return self.rows("lead", [row[0] for row in found])
        return []

    def decide(self, compiled: CompiledPolicy, lead_ids: Sequence[str] | None = None) -> Iterator[Decision]:
        """The decision on every live lead, or on those asked for, by lead id; streamed while the mirror is open."""
        with self.session() as cursor:
            yield from decide.decide(cursor, compiled, lead_ids)

    def decided(self, compiled: CompiledPolicy) -> AbstractContextManager[Decided]:
        """Every live lead decided once, in memory: for several questions about all of them."""
        return decide.decided(self._connection, self._mapping, compiled)

    def acting(self, compiled: CompiledPolicy) -> Acting:
        """How many live leads have which verdict, and those that something is to be done with."""
        with self.session() as cursor:
            return decide.acting(cursor, compiled)

    @contextmanager
    def about(self, lead_ids: Sequence[str]) -> Iterator[About]:
        """For several questions about the same leads."""
        with self.session() as cursor:
            decide.narrow(cursor, lead_ids)
            yield About(cursor, lead_ids)

    def evidence(self, compiled: CompiledPolicy, lead_ids: Sequence[str]) -> dict[str, tuple[Evidence, ...]]:
        """The records behind the signals of some leads, latest first."""
        with self.session() as cursor:
            return decide.evidence(cursor, compiled, lead_ids)

    def deciding_values(self, compiled: CompiledPolicy, lead_ids: Sequence[str]) -> dict[str, Record]:
        """The fields that the policy reads, by lead id and our field names."""
        with self.session() as cursor:
            return decide.deciding_values(cursor, compiled, lead_ids)

    def opportunity_checks(self, compiled: CompiledPolicy) -> Iterator[tuple[str, Mapping[str, bool | None]]]:
        """Every live opportunity's id with the policy's opportunity checks on it."""
        with self.session() as cursor:
            yield from decide.opportunity_checks(cursor, compiled)

    def matches(self, lead_ids: Sequence[str], free_mail: Collection[str] = ()) -> dict[str, LeadMatches]:
        """Accounts, contacts and open opportunities that leads may belong to; `free_mail` as the policy has it."""
        return candidates.find_matches(self._connection, self._mapping, lead_ids, free_mail)

    def siblings(self, lead_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Other open leads of each lead's company."""
        return candidates.find_siblings(self._connection, self._mapping, lead_ids)

    def open_leads(self) -> int:
        """Leads that are neither deleted nor converted; what shares and guards are measured against."""
        sql = "SELECT count(*) FROM lead WHERE NOT is_deleted AND NOT coalesce(is_converted, false)"
        return _number(self._connection.execute(sql).fetchone())

    def persons(self, address: str) -> tuple[list[str], list[str]]:
        """Leads and contacts with this e-mail address, deleted ones included, by id."""
        return (
            self._with_address("lead", address),
            self._with_address("contact", address) if "contact" in self._mapping else [],
        )

    def same_person(self, ids: Sequence[str]) -> list[str]:
        """The ids, and those of records that are the same person: merged into it, converted into it."""
        return same_person(self._connection, ids)

    def mentions(self, ids: Sequence[str]) -> tuple[Mention, ...]:
        """Records of others that name these persons; looked up before they are forgotten, since their names go then."""
        everything = self.same_person(ids)
        return find_mentions(self._connection, marks_of(self._connection, everything), except_of=everything)

    def forget(self, ids: Sequence[str], *, at: datetime, clear_mentions: bool = False) -> Forgotten:
        """Removes persons from records and versions; the file is written anew when the mirror closes.

        The mirror must have been opened to write. With `clear_mentions` their names and addresses go from the records
        of others too.
        """
        drop_scores(self._connection, self.same_person(ids))
        return forget(self._connection, self._mapping, ids, at=at, clear_mentions=clear_mentions)

    def scores(self, lead_id: str | None = None, *, most: int | None = None) -> list[Score]:
        """Likelihoods of open leads, highest first; of one lead, or the first so many."""
        return read_scores(self._connection, lead_id=lead_id, most=most)

    def replace_scores(self, scores: Iterable[Score]) -> int:
        """Keeps likelihoods in place of all that there were; the mirror must have been opened to write."""
        return write_scores(self._connection, scores)

    @contextmanager
    def session(self) -> Iterator[DuckDBPyConnection]:
        """A session for reports that write their own SQL, with the views `activity` and `lead_opportunity`."""
        with decide.session(self._connection, self._mapping) as cursor:
            yield cursor

    def _with_address(self, object_name: str, address: str) -> list[str]:
        if "email" not in self._mapping[object_name].fields:
            return []
        found = self._connection.execute(
            f"SELECT DISTINCT id FROM {quoted(object_name)} WHERE lower(trim(email)) = lower(trim(?)) ORDER BY id",
            [address],
        ).fetchall()
        return [str(row[0]) for row in found]

    def _refuse_unpulled(self, path: Path) -> None:
        for mapped in self._mapping:
            state = self._states.get(mapped.name)
            if state is None:
                raise MirrorUnusable(
                    f"{mapped.object} is mapped, but has not been pulled yet",
                    place=str(path),
                    fix="run `leadgate pull`",
                )
            lacking = state.lacks(mapped) if state.skipped is None else ()
            if lacking:
                raise MirrorUnusable(
                    f"the mapping has changed since the last pull: {mapped.name}.{lacking[0]} is not in the mirror",
                    place=f"{mapped.file}:{max(1, mapped.fields[lacking[0]].line)}",
                    fix="run `leadgate pull`",
                )


def as_value(value: object) -> Value:
    """A value as the database gives it, as ours: times are aware."""
    if isinstance(value, datetime):
        return as_utc(value)
    return value  # type: ignore[return-value]  # columns are of the types in tables.column_type only


def _number(row: tuple[object, ...] | None) -> int:
    return int(str(row[0])) if row else 0
