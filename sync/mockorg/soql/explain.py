"""`query?explain=…`: a query plan in Salesforce's form, from the row counts that the org really has."""

# ruff: noqa: S608 - statements are made of the schema's names and bound parameters only

from __future__ import annotations

from typing import TYPE_CHECKING

from ..behaviours import behaviour
from ..schema import FieldType
from .ast import And, Comparison, Condition, Membership, Operator, Path
from .compile import compile_query
from .parse import parse
from .run import execute

if TYPE_CHECKING:
    from ..access import User
    from ..org import Org
    from ..schema import Field, ObjectType
    from .shape import Record

_INDEXED = frozenset({"Id", "OwnerId", "CreatedDate", "SystemModstamp", "RecordTypeId", "Name"})


@behaviour("Query explain", "uncertain", "shape from recorded answers; costs are a rough share, not the optimizer's")
def explain(org: Org, user: User, text: str) -> Record:
    """The plans for a query: an index on a selective top-level filter if there is one, and the table scan.

    Raises:
        SalesforceError: as the query itself would.
    """
    with org.lock:
        plan = compile_query(org, user, text, all_rows=False)
        total = org.store.count(plan.type)
        rows = next(iter(execute(org, f"SELECT COUNT(*) FROM ({plan.sql})", plan.parameters)))
    cardinality = int(rows[0] or 0)
    indexed = _indexed_fields(parse(text).where, plan.type)
    share = cardinality / max(total, 1)
    plans = [_plan("Index", indexed, cardinality, total, plan.type, cost=share)] if indexed else []
    plans.append(_plan("TableScan", [], cardinality, total, plan.type, cost=1.0 + total / 1_000_000))
    return {"plans": plans, "sourceQuery": text}


def _plan(kind: str, fields: list[str], cardinality: int, total: int, type_: ObjectType, *, cost: float) -> Record:
    return {
        "cardinality": cardinality,
        "fields": fields,
        "leadingOperationType": kind,
        "notes": [],
        "relativeCost": cost,
        "sobjectCardinality": total,
        "sobjectType": type_.name,
    }


def _indexed_fields(condition: Condition | None, type_: ObjectType) -> list[str]:
    terms: tuple[Condition | None, ...] = condition.terms if isinstance(condition, And) else (condition,)
    names = []
    for term in terms:
        selective = isinstance(term, Membership) and not term.negated
        compared = isinstance(term, Comparison) and term.operator is not Operator.NE
        if (selective or compared) and isinstance(term, Comparison | Membership) and isinstance(term.operand, Path):
            field = type_.field(term.operand.parts[-1]) if len(term.operand.parts) == 1 else None
            if field is not None and _is_indexed(field):
                names.append(field.name)
    return names


def _is_indexed(field: Field) -> bool:
    return field.name in _INDEXED or field.type is FieldType.REFERENCE or field.external_id or field.unique
