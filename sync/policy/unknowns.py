"""Whether a condition can be unknown at all: which fields can be empty, and what an empty one leaves undecided.

For `sync.policy.coverage`, so that nobody is asked for a case that can't be.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import assert_never

from sync.mapping import OrgMapping
from sync.policy import syntax
from sync.policy.parsed import ParsedPolicy
from sync.policy.schema import SignalKind
from sync.policy.syntax import Expr

_NEVER_EMPTY = {
    "id", "created_at", "system_modstamp", "is_deleted", "owner_id", "is_converted", "is_closed", "is_won",
    "object", "kind", "lead_id", "text", "occurred_at", "ended_at", "field",
}  # fmt: skip
"""Names that Salesforce, or our own views, always give a value; beside those that the mapping calls required."""

_OBJECTS = {
    SignalKind.ACTIVITY: ("task", "event"),
    SignalKind.OPPORTUNITY: ("opportunity",),
    SignalKind.HISTORY: ("lead_history",),
    SignalKind.FIELD: ("lead",),
}


@dataclass(frozen=True, slots=True)
class Unknowns:
    """Answers for the expressions of one policy over one kind of row."""

    parsed: ParsedPolicy
    filled: Collection[str]
    """Fields that always have a value."""

    @classmethod
    def of(cls, parsed: ParsedPolicy, mapping: OrgMapping, kind: SignalKind) -> Unknowns:
        """For rows of a kind; a field counts as filled where every object that has it says so."""
        mapped = [found for name in _OBJECTS[kind] if (found := mapping.get(name)) is not None]
        required = [{f.name for f in one.fields.values() if f.required} for one in mapped]
        always = {"status"} if kind is SignalKind.FIELD else set()
        return cls(parsed, _NEVER_EMPTY | always | (set.intersection(*required) if required else set()))

    def possible(self, expr: Expr) -> bool:  # noqa: PLR0911, PLR0912 -- one per node type
        """Whether the expression can be null."""
        match expr:
            case syntax.Literal():
                return expr.value is None
            case syntax.Clock() | syntax.IsNull() | syntax.IsTruth():
                return False
            case syntax.Field():
                return expr.name not in self.filled
            case syntax.CriterionRef():
                return self.possible(self.parsed.criteria[expr.name])
            case syntax.SignalRef():
                signal = self.parsed.signals[expr.name]
                return signal.signal.kind is SignalKind.FIELD and self.possible(signal.when)
            case syntax.And(items=items):
                return self._guarded(items, (item.item for item in items if isinstance(item, syntax.Not)))
            case syntax.Or(items=items):
                return self._guarded(items, items)
            case syntax.Compare():
                return self.possible(expr.left) or self.possible(expr.right)
            case syntax.Not() | syntax.Negate() | syntax.Like():
                return self.possible(expr.item)
            case syntax.OneOf():
                return self.possible(expr.item)
            case syntax.Between():
                return any(map(self.possible, (expr.item, expr.low, expr.high)))
            case syntax.Arithmetic():
                divides = expr.op == "/" and not (isinstance(expr.right, syntax.Literal) and expr.right.value != 0)
                return divides or self.possible(expr.left) or self.possible(expr.right)
            case syntax.Call():
                if expr.name == "coalesce":
                    return all(map(self.possible, expr.args))
                return expr.name == "email_domain" or self.possible(expr.args[0])
            case syntax.Case():
                values = [then for _, then in expr.branches]
                return expr.otherwise is None or any(map(self.possible, [*values, expr.otherwise]))
            case _:
                assert_never(expr)

    def _guarded(self, items: Iterable[Expr], guards: Iterable[Expr]) -> bool:
        """`x IS NOT NULL AND x > 5` and `x IS NULL OR x > 5` are decided even where x is empty."""
        tested = {g.item.name for g in guards if isinstance(g, syntax.IsNull) and isinstance(g.item, syntax.Field)}
        inner = Unknowns(self.parsed, {*self.filled, *tested})
        return any(map(inner.possible, items))


def empty_fields(expr: Expr, unknowns: Unknowns) -> tuple[str, ...]:
    """Fields that can be empty, and leave the expression unknown then."""
    return tuple(name for name in syntax.field_names(expr) if name not in unknowns.filled)
