"""The ledger's tables, and the rules that hold whoever writes to them: one live entry a key, history that can't change.

Invariants are the database's, not the caller's: legal transitions and append-only events by trigger, "at most one
intended or applied entry for an action" by a partial unique index. Every change writes its event by trigger, chained
by hash for each org: `hash = sha256(prev + newline + body)`. Names, addresses and messages have no column here.

Formats: times are ISO 8601 in UTC with microseconds (so text order is time order); `fields` is a comma-separated list;
`evidence` and `follow_up` are JSON objects of strings; `body` is the event as JSON, stored as it was hashed.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, MetaData, Table, Text, text

from sync.ledger.entries import CLOSINGS, FIRST_STATES, LIVE, State

FORMAT = 1

metadata = MetaData()

meta = Table("ledger_meta", metadata, Column("format", Integer, nullable=False))

runs = Table(
    "ledger_runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("org_id", Text, nullable=False),
    Column("plan_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("policy_digest", Text, nullable=False),
    Column("mapping_digest", Text, nullable=False),
    Column("planned", Integer, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("counts", Text, nullable=False, server_default="{}"),
    Column("started_at", Text, nullable=False),
    Column("finished_at", Text),
    Column("ended", Text),
)


def _words(states: frozenset[State]) -> str:
    return ", ".join(f"'{state.value}'" for state in sorted(states))


def _is_one_of(states: frozenset[State], column: str = "state") -> str:
    """As `column IN (…)`, for what is asked of every row: SQLite would fill a table with a list's words each time."""
    return "(" + " OR ".join(f"{column} = '{state.value}'" for state in sorted(states)) + ")"


entries = Table(
    "ledger_entries",
    metadata,
    Column("entry_id", Integer, primary_key=True, autoincrement=True),
    Column("run_id", Text, ForeignKey("ledger_runs.run_id"), nullable=False),
    Column("org_id", Text, nullable=False),
    Column("plan_id", Text, nullable=False),
    Column("action_key", Text, nullable=False),
    Column("parent_key", Text),
    Column("kind", Text, nullable=False),
    Column("lead_id", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("follow_up", Text, nullable=False, server_default="{}"),
    Column("state", Text, nullable=False),
    Column("code", Text),
    Column("fields", Text, nullable=False, server_default=""),
    Column("account_id", Text),
    Column("contact_id", Text),
    Column("opportunity_id", Text),
    Column("evidence", Text, nullable=False, server_default="{}"),
    Column("changed_at", Text, nullable=False),
    CheckConstraint(_is_one_of(frozenset(State)), name="ledger_known_state"),
    sqlite_autoincrement=True,
)

IS_LIVE = text(f"state IN ({_words(LIVE)})")
"""Belongs into every question about a key, word for word: only then does a database find the answer by the index."""

Index(  # this prevents an action from being in flight or done twice, by any plan, run or machine
    "ledger_one_live_entry", entries.c.action_key, unique=True, sqlite_where=IS_LIVE, postgresql_where=IS_LIVE
)
Index("ledger_entries_by_run", entries.c.run_id)
Index("ledger_entries_by_lead", entries.c.org_id, entries.c.lead_id)

events = Table(
    "ledger_events",
    metadata,
    Column("org_id", Text, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("run_id", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("prev", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

leases = Table(
    "ledger_leases",
    metadata,
    Column("org_id", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
)

paces = Table(
    "ledger_paces",
    metadata,
    Column("org_id", Text, primary_key=True),
    Column("size", Integer, nullable=False),
    Column("proven", Integer, nullable=False),
    Column("failed_at", Integer),
    Column("calm", Integer, nullable=False),
    Column("changed_at", Text, nullable=False),
)

ENTRY_EVENT = (
    "entry_id",
    "action_key",
    "parent_key",
    "kind",
    "lead_id",
    "target",
    "state",
    "code",
    "fields",
    "account_id",
    "contact_id",
    "opportunity_id",
    "evidence",
)
"""Columns of an entry that its events repeat."""

RUN_EVENT = ("plan_id", "kind", "planned", "user_id", "policy_digest", "mapping_digest", "version", "counts", "ended")

_FROZEN_ENTRY = ("run_id", "org_id", "plan_id", "action_key", "parent_key", "kind", "lead_id", "target", "follow_up")
_FROZEN_RUN = (
    "org_id",
    "plan_id",
    "kind",
    "policy_digest",
    "mapping_digest",
    "planned",
    "user_id",
    "version",
    "counts",
    "started_at",
)


def triggers(dialect: str) -> list[str]:
    """The DDL statements that make the rules, for `sqlite` or `postgresql`."""
    return _sqlite_triggers() if dialect == "sqlite" else _postgresql_triggers()


def _body(names: Sequence[str], kind: str, function: str) -> str:
    pairs = ", ".join(f"'{name}', NEW.{name}" for name in names)
    return f"{function}('event', '{kind}', {pairs})"


def _changed(names: Sequence[str], operator: str) -> str:
    return " OR ".join(f"NEW.{name} {operator} OLD.{name}" for name in names)


def _illegal_update(operator: str) -> str:
    return (
        f"OLD.state <> '{State.INTENDED.value}' OR NOT {_is_one_of(CLOSINGS, 'NEW.state')} "
        f"OR {_changed(_FROZEN_ENTRY, operator)}"
    )


def _sqlite_triggers() -> list[str]:
    def refuse(name: str, when: str, condition: str, message: str) -> str:
        guard = f"WHEN {condition} " if condition else ""
        return f"CREATE TRIGGER {name} BEFORE {when} {guard}BEGIN SELECT RAISE(ABORT, '{message}'); END"

    def record(name: str, when: str, body: str, at: str) -> str:
        last = "SELECT {} FROM ledger_events WHERE org_id = NEW.org_id ORDER BY seq DESC LIMIT 1"
        # The inner question is asked once a row because of its LIMIT; without it, SQLite would write the body twice.
        return (
            f"CREATE TRIGGER {name} AFTER {when} BEGIN "  # noqa: S608 -- own names
            "INSERT INTO ledger_events (org_id, seq, run_id, at, body, prev, hash) "
            f"SELECT NEW.org_id, 1 + last, NEW.run_id, {at}, body, prev, "
            "leadgate_sha256(prev || char(10) || body) FROM ("
            f"SELECT {body} AS body, coalesce(({last.format('hash')}), '') AS prev, "
            f"coalesce(({last.format('seq')}), 0) AS last LIMIT 1); END"
        )

    entry, run = _body(ENTRY_EVENT, "entry", "json_object"), _body(RUN_EVENT, "run", "json_object")
    moved = _changed(_FROZEN_RUN, "IS NOT")
    return [
        refuse(
            "ledger_entry_begins",
            "INSERT ON ledger_entries",
            f"NOT {_is_one_of(FIRST_STATES, 'NEW.state')}",
            "no entry begins in this state",
        ),
        refuse(
            "ledger_entry_closes_once",
            "UPDATE ON ledger_entries",
            _illegal_update("IS NOT"),
            "an entry closes once and keeps its subject",
        ),
        refuse("ledger_entries_stay", "DELETE ON ledger_entries", "", "entries are never deleted"),
        refuse(
            "ledger_run_ends_once",
            "UPDATE ON ledger_runs",
            f"OLD.finished_at IS NOT NULL OR {moved}",
            "a run ends once and keeps its header",
        ),
        refuse("ledger_runs_stay", "DELETE ON ledger_runs", "", "runs are never deleted"),
        refuse("ledger_events_fixed", "UPDATE ON ledger_events", "", "events never change"),
        refuse("ledger_events_stay", "DELETE ON ledger_events", "", "events are never deleted"),
        record("ledger_entry_begun", "INSERT ON ledger_entries", entry, "NEW.changed_at"),
        record("ledger_entry_closed", "UPDATE ON ledger_entries", entry, "NEW.changed_at"),
        record("ledger_run_begun", "INSERT ON ledger_runs", run, "NEW.started_at"),
        record("ledger_run_ended", "UPDATE ON ledger_runs", run, "NEW.finished_at"),
    ]


def _postgresql_triggers() -> list[str]:
    def function(name: str, body: str) -> str:
        return f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$"

    def trigger(name: str, when: str, called: str) -> str:
        return f"CREATE TRIGGER {name} {when} FOR EACH ROW EXECUTE FUNCTION {called}()"

    def record(name: str, body: str, at: str) -> str:
        # The lock makes the chain one line per org; after it, each statement sees what the others committed.
        return (
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ "  # noqa: S608 -- own names
            "DECLARE last_seq integer; last_hash text; said text; BEGIN "
            "PERFORM pg_advisory_xact_lock(hashtextextended('leadgate ' || NEW.org_id, 0)); "
            "SELECT seq, hash INTO last_seq, last_hash FROM ledger_events "
            "WHERE org_id = NEW.org_id ORDER BY seq DESC LIMIT 1; "
            f"said := {body}::text; "
            "INSERT INTO ledger_events (org_id, seq, run_id, at, body, prev, hash) "
            f"VALUES (NEW.org_id, 1 + coalesce(last_seq, 0), NEW.run_id, {at}, said, coalesce(last_hash, ''), "
            "encode(sha256(convert_to(coalesce(last_hash, '') || chr(10) || said, 'UTF8')), 'hex')); "
            "RETURN NULL; END $$"
        )

    entry, run = _body(ENTRY_EVENT, "entry", "json_build_object"), _body(RUN_EVENT, "run", "json_build_object")
    moved = _changed(_FROZEN_RUN, "IS DISTINCT FROM")
    refuse = "RAISE EXCEPTION '{}'; "
    return [
        function("ledger_refuse", refuse.format("the ledger only grows")),
        function(
            "ledger_check_begin",
            f"IF NOT {_is_one_of(FIRST_STATES, 'NEW.state')} THEN {refuse.format('no entry begins in this state')}"
            "END IF; RETURN NEW;",
        ),
        function(
            "ledger_check_close",
            f"IF {_illegal_update('IS DISTINCT FROM')} THEN "
            f"{refuse.format('an entry closes once and keeps its subject')}END IF; RETURN NEW;",
        ),
        function(
            "ledger_check_run",
            f"IF OLD.finished_at IS NOT NULL OR {moved} THEN "
            f"{refuse.format('a run ends once and keeps its header')}END IF; RETURN NEW;",
        ),
        record("ledger_record_entry", entry, "NEW.changed_at"),
        record("ledger_record_run", run, "coalesce(NEW.finished_at, NEW.started_at)"),
        trigger("ledger_entry_begins", "BEFORE INSERT ON ledger_entries", "ledger_check_begin"),
        trigger("ledger_entry_closes_once", "BEFORE UPDATE ON ledger_entries", "ledger_check_close"),
        trigger("ledger_entries_stay", "BEFORE DELETE ON ledger_entries", "ledger_refuse"),
        trigger("ledger_run_ends_once", "BEFORE UPDATE ON ledger_runs", "ledger_check_run"),
        trigger("ledger_runs_stay", "BEFORE DELETE ON ledger_runs", "ledger_refuse"),
        trigger("ledger_events_stay", "BEFORE UPDATE OR DELETE ON ledger_events", "ledger_refuse"),
        trigger("ledger_entry_recorded", "AFTER INSERT OR UPDATE ON ledger_entries", "ledger_record_entry"),
        trigger("ledger_run_recorded", "AFTER INSERT OR UPDATE ON ledger_runs", "ledger_record_run"),
    ]
