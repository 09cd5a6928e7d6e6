"""The select list of a query for records: which SQL columns it needs and what shape the records get."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..behaviours import behaviour
from ..errors import SalesforceError
from ..schema import COMPOUND_TYPES, FieldType
from ..store import quoted
from .ast import Call, Column, Literal, Path, SubSelect, TypeOf
from .errors import located, no_such_column, no_such_object
from .functions import DATE_FUNCTIONS
from .plan import ResultColumn
from .scope import Found, Node
from .shape import Children, Compound, Leaf, Output, Parent, Shape, Switch
from .terms import plain, term_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..schema import Field, ObjectType
    from .ast import Query
    from .plan import ChildPlan
    from .scope import Scope
    from .where import Statement

MAX_FIELDS_LIMIT = 200
LONG_TEXT = 255
_PART_ORDER = (
    "city",
    "country",
    "countryCode",
    "geocodeAccuracy",
    "latitude",
    "longitude",
    "postalCode",
    "state",
    "stateCode",
    "street",
)


@dataclass(slots=True)
class _Level:
    """Outputs of one record being made; each parent is one level, where `Owner.Name` and `Owner.Email` meet."""

    outputs: list[Output | _ParentLevel] = field(default_factory=list)
    parents: dict[str, _ParentLevel] = field(default_factory=dict)

    def done(self) -> tuple[Output, ...]:
        return tuple(each.done_parent() if isinstance(each, _ParentLevel) else each for each in self.outputs)


@dataclass(slots=True, kw_only=True)
class _ParentLevel(_Level):
    key: str
    id_index: int
    type_index: int
    label: str | None

    def done_parent(self) -> Parent:
        return Parent(self.key, self.id_index, self.type_index, self.done(), self.label)


class SelectList:
    """Reads a select list into SQL columns and a shape. `compile_child` turns a sub-select into its plan."""

    def __init__(
        self, statement: Statement, scope: Scope, compile_child: Callable[[Query, ObjectType], ChildPlan]
    ) -> None:
        self._statement = statement
        self._scope = scope
        self._compile_child = compile_child
        self._sql: list[str] = []
        self._index: dict[str, int] = {}
        self._root = _Level()
        self._seen: set[str] = set()
        self.columns: list[ResultColumn] = []
        self.children: list[ChildPlan] = []
        self.long_text = False
        self.id_index = self._column(f'{scope.root_alias}."Id"')

    @property
    def sql(self) -> str:
        """The SQL select list."""
        return ", ".join(self._sql)

    @property
    def sql_columns(self) -> tuple[str, ...]:
        """The expressions of the SQL select list."""
        return tuple(self._sql)

    @property
    def shape(self) -> Shape:
        """The records' shape."""
        return Shape(type_name=self._scope.type.name, id_index=self.id_index, outputs=self._root.done())

    def _column(self, sql: str) -> int:
        if sql not in self._index:
            self._index[sql] = len(self._sql)
            self._sql.append(sql)
        return self._index[sql]

    def read(self, query: Query) -> None:
        """Take in all items of the query's select list.

        Raises:
            SalesforceError: for unknown names, duplicates, aliases, and functions that need a grouping.
        """
        for item in query.select:
            match item:
                case Column(Path() as path, alias, at):
                    self._no_alias(alias, at)
                    self._field(self._scope.field(path))
                case Column(Call() as call, alias, _):
                    self._call(call, alias, query)
                case TypeOf():
                    self._typeof(item)
                case SubSelect(inner):
                    self._child(inner)

    def _no_alias(self, alias: str | None, at: int) -> None:
        if alias is not None:
            raise located(self._statement.text, at, "only aggregate expressions use field aliasing")

    def _field(self, found: Found) -> None:
        self._once(found.name, found.field.name)
        self._level(found.steps).outputs.append(self._output(found))
        index = self._column(found.sql) if found.sql else None
        self.columns.append(ResultColumn(name=found.name, index=index, term=plain(found)))

    def _once(self, name: str, shown: str) -> None:
        if name.lower() in self._seen:
            raise SalesforceError("MALFORMED_QUERY", f"duplicate field selected: {shown}")
        self._seen.add(name.lower())

    def _level(self, steps: tuple[str, ...]) -> _Level:
        level: _Level = self._root
        node = self._scope.root
        for step in steps:
            node = node.parents[step]
            if step not in level.parents:
                id_index, type_index = self._identity(node)
                label = node.entity if node.polymorphic else None
                parent = _ParentLevel(key=step, id_index=id_index, type_index=type_index, label=label)
                level.parents[step] = parent
                level.outputs.append(parent)
            level = level.parents[step]
        return level

    def _identity(self, node: Node) -> tuple[int, int]:
        return self._column(node.reference_sql), self._column(node.type_sql)

    def _output(self, found: Found) -> Output:
        if found.type in COMPOUND_TYPES:
            return Compound(found.field.name, self._parts(found))
        if found.type is FieldType.TEXTAREA and found.field.length > LONG_TEXT:
            self.long_text = True
        return Leaf(found.field.name, self._column(found.sql), found.type)

    def _parts(self, found: Found) -> tuple[Leaf, ...]:
        target = found.node.targets[0]
        parts = {_part_name(each): each for each in target.type.parts_of(found.field.name)}
        return tuple(
            Leaf(name, self._column(f"{target.alias}.{quoted(parts[name].name)}"), parts[name].type)
            for name in _PART_ORDER
            if name in parts
        )

    def _call(self, call: Call, alias: str | None, query: Query) -> None:
        name = call.name.upper()
        if name == "FIELDS":
            self._no_alias(alias, call.at)
            self._all_fields(call, query)
            return
        term = term_of(call, self._scope, self._statement.parameters, aggregates=False)
        found = term.found
        if name in DATE_FUNCTIONS:
            raise located(self._statement.text, call.at, f"Field must be grouped or aggregated: {term.name}")
        key = alias or (found.field.name if found else call.name)
        self._once(alias or (found.name if found else key), key)
        level = self._level(found.steps) if found and not alias else self._root
        index = self._column(term.sql)
        level.outputs.append(Leaf(key, index, term.type))
        self.columns.append(ResultColumn(name=alias or (found.name if found else key), index=index, term=term))

    @behaviour("SOQL FIELDS()", "confirmed", "SOQL Reference FIELDS(); the limit's text from logs")
    def _all_fields(self, call: Call, query: Query) -> None:
        """`FIELDS(ALL|STANDARD|CUSTOM)` are all such fields that the user sees; ALL and CUSTOM need LIMIT 200."""
        argument = call.arguments[0] if len(call.arguments) == 1 else None
        which = str(argument).upper() if isinstance(argument, Path) else ""
        if which not in {"ALL", "STANDARD", "CUSTOM"}:
            at = argument.at if isinstance(argument, Path | Call | Literal) else call.at
            raise located(self._statement.text, at, f"unexpected token: '{argument if which else call.name}'")
        if which != "STANDARD" and (query.limit is None or query.limit > MAX_FIELDS_LIMIT):
            message = f"The SOQL FIELDS function must have a LIMIT of at most {MAX_FIELDS_LIMIT}"
            raise SalesforceError("MALFORMED_QUERY", message)
        for each in self._scope.type.fields:
            if self._scope.visible(self._scope.type, each.name) and (
                which == "ALL" or each.custom == (which == "CUSTOM")
            ):
                self._field(self._scope.field(Path((each.name,), call.at)))

    @behaviour("SOQL TYPEOF", "confirmed", "recorded answer of TYPEOF Who and What on Event, v62")
    def _typeof(self, item: TypeOf) -> None:
        """TYPEOF shows of a polymorphic parent the fields named for its object."""
        path = Path((*item.relationship.parts, "Id"), item.relationship.at)
        node, steps = self._scope.node(path, item.relationship.parts)
        if not node.polymorphic:
            raise no_such_column(self._statement.text, item.at, str(item.relationship), self._scope.type.name)
        id_index, type_index = self._identity(node)
        branches: dict[str, tuple[Output, ...]] = {}
        for branch in item.branches:
            target = next((each for each in node.targets if each.type.name.lower() == branch.object_name.lower()), None)
            if target is None:
                raise no_such_object(self._statement.text, branch.at, branch.object_name)
            single = Node((target,), node.reference_sql)
            branches[target.type.name] = tuple(self._branch_field(path, single) for path in branch.fields)
        otherwise = tuple(self._output(self._scope.field(_below(item.relationship, each))) for each in item.otherwise)
        self._level(steps[:-1]).outputs.append(Switch(steps[-1], id_index, type_index, branches, otherwise))
        self.columns.append(ResultColumn(name=".".join(steps)))

    def _branch_field(self, path: Path, node: Node) -> Output:
        target = node.targets[0]
        found = self._scope.visible(target.type, path.parts[-1]) if len(path.parts) == 1 else None
        if found is None:
            raise no_such_column(self._statement.text, path.at, str(path), target.type.name)
        sql = "" if found.type in COMPOUND_TYPES else f"{target.alias}.{quoted(found.name)}"
        return self._output(Found(sql, found.type, found, node, (), path.at))

    def _child(self, query: Query) -> None:
        plan = self._compile_child(query, self._scope.type)
        self._once(plan.key, plan.key)
        self._root.outputs.append(Children(plan.key, len(self.children)))
        self.children.append(plan)
        self.columns.append(ResultColumn(name=plan.key, nested=plan.columns))


def _below(relationship: Path, path: Path) -> Path:
    return Path((*relationship.parts, *path.parts), path.at)


def _part_name(part: Field) -> str:
    """`BillingPostalCode` → `postalCode`."""
    lowered = part.name.lower().removesuffix("__s")
    return next(
        (name for name in sorted(_PART_ORDER, key=len, reverse=True) if lowered.endswith(name.lower())), lowered
    )
