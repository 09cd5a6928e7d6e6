"""From names in a query to columns of joined tables: one `Scope` per SELECT.

Each parent relationship that a query mentions becomes one LEFT JOIN (a polymorphic one: one per object that it may
point to), so a record without the parent stays, its parent's fields null, as in Salesforce. Names are found in any
case. A field that field-level security hides does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..behaviours import behaviour
from ..schema import COMPOUND_TYPES, TEXT_TYPES, Field, FieldType, ObjectType
from ..store import PENDING, quoted
from .errors import located, no_such_column, no_such_relationship

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..access import User
    from ..org import Org
    from .ast import Path

MAX_PARENT_LEVELS = 5
NAME_ENTITY = "Name"
_NAME_FIELDS = frozenset(
    {
        "alias", "email", "firstname", "id", "isactive", "lastname", "name", "phone", "profileid", "recordtypeid",
        "title", "type", "username", "userroleid", "usertype", "lastreferenceddate", "lastvieweddate",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """One object that a relationship leads to, and the alias of its table in the SQL."""

    type: ObjectType
    alias: str


@dataclass(slots=True)
class Node:
    """A place on the way through relationships: the root, or a parent. More than one target means polymorphic."""

    targets: tuple[Target, ...]
    reference_sql: str
    reference: Field | None = None
    parents: dict[str, Node] = field(default_factory=dict)

    @property
    def polymorphic(self) -> bool:
        """Whether the fields are those of the virtual object Name."""
        return self.reference is not None and self.reference.polymorphic

    @property
    def entity(self) -> str:
        """The object's name in error texts and attributes."""
        return NAME_ENTITY if self.polymorphic else self.targets[0].type.name

    @property
    def type_sql(self) -> str:
        """SQL of the name of the object that this row's parent is."""
        cases = " ".join(f"WHEN {each.alias}.\"Id\" IS NOT NULL THEN '{each.type.name}'" for each in self.targets)
        return f"CASE {cases} END"


@dataclass(frozen=True, slots=True)
class Found:
    """A field of a query: its SQL, how it compares and where it is.

    `name` is canonical and dotted (`Owner.Name`), `steps` the relationships on the way, `at` the place in the text.
    """

    sql: str
    type: FieldType
    field: Field
    node: Node
    steps: tuple[str, ...]
    at: int

    @property
    def name(self) -> str:
        """The canonical dotted name."""
        return ".".join((*self.steps, self.field.name))

    @property
    def ignores_case(self) -> bool:
        """Whether it is text that compares without regard to case."""
        return self.type in TEXT_TYPES and not self.field.case_sensitive


@behaviour(
    "SOQL polymorphic parents are the object Name",
    "uncertain",
    "SOQL Reference Name object; its attributes type from third-party answers",
)
def name_entity_field(name: str) -> bool:
    """A polymorphic parent outside TYPEOF has the fields of the virtual object Name, and `attributes.type` says so."""
    return name.lower() in _NAME_FIELDS


class Scope:
    """The tables of one SELECT, growing as names are looked up."""

    def __init__(self, org: Org, user: User, text: str, root: ObjectType, *, prefix: str = "t") -> None:
        self.org = org
        self.user = user
        self.text = text
        self.type = root
        self._prefix = prefix
        self._joins: list[str] = []
        self._count = 0
        self.root = Node((Target(root, self._alias()),), "")
        self.aliases: dict[str, tuple[str, ...]] = {}
        self._visible: dict[str, frozenset[str]] = {}

    def _alias(self) -> str:
        self._count += 1
        return f"{self._prefix}{self._count - 1}"

    @property
    def root_alias(self) -> str:
        """The SQL alias of the root table."""
        return self.root.targets[0].alias

    def from_sql(self) -> str:
        """The FROM clause with all joins made so far."""
        return " ".join([f"{quoted(self.type.name)} AS {self.root_alias}", *self._joins])

    def visible(self, type_: ObjectType, name: str) -> Field | None:
        """The field, if the object has it and the user may see it."""
        found = type_.field(name)
        if found is None:
            return None
        if type_.name not in self._visible:
            self._visible[type_.name] = self.org.access.visible_fields(self.user, type_)
        return found if found.name in self._visible[type_.name] else None

    def field(self, path: Path) -> Found:
        """The field that a path names.

        Raises:
            SalesforceError: INVALID_FIELD, for a relationship or field that is not there for this user.
        """
        node, steps = self.node(path, path.parts[:-1])
        name = path.parts[-1]
        if node.polymorphic:
            return self._name_field(node, steps, name, path)
        target = node.targets[0]
        found = self.visible(target.type, name)
        if found is None:
            raise no_such_column(self.text, path.at, name, target.type.name)
        sql = "" if found.type in COMPOUND_TYPES else f"{target.alias}.{quoted(found.name)}"
        return Found(sql, found.type, found, node, steps, path.at)

    def _name_field(self, node: Node, steps: tuple[str, ...], name: str, path: Path) -> Found:
        if name.lower() == "type":
            virtual = Field(name="Type", label="Type", type=FieldType.PICKLIST)
            return Found(node.type_sql, FieldType.PICKLIST, virtual, node, steps, path.at)
        columns = list(self._name_columns(node, name)) if name_entity_field(name) else []
        if not columns:
            raise no_such_column(self.text, path.at, name, NAME_ENTITY)
        first = columns[0][1]
        if first.type is FieldType.ID:
            return Found(node.reference_sql, FieldType.ID, first, node, steps, path.at)
        sql = f"COALESCE({', '.join([sql for sql, _ in columns] + ['NULL'])})"
        if first.type in TEXT_TYPES:
            sql = f"({sql} COLLATE NOCASE)"
        named = Field(name="Name", label="Name", type=FieldType.STRING, length=255) if name.lower() == "name" else first
        return Found(sql, named.type, named, node, steps, path.at)

    def _name_columns(self, node: Node, name: str) -> Iterator[tuple[str, Field]]:
        for target in node.targets:
            found = self.visible(target.type, name)
            if found is None and name.lower() == "name":
                found = target.type.name_field
            if found is not None and found.stored:
                yield f"{target.alias}.{quoted(found.name)}", found

    def node(self, path: Path, names: tuple[str, ...]) -> tuple[Node, tuple[str, ...]]:
        """The parent that relationship names lead to from the root, with their canonical spelling.

        The first name may also be the root's own name or alias, or the alias of a relationship in FROM.
        """
        names = self._unaliased(names)
        if len(names) > MAX_PARENT_LEVELS:
            raise located(
                self.text,
                path.at,
                f"A relationship path cannot have more than {MAX_PARENT_LEVELS} levels: '{path}'",
                code="INVALID_FIELD",
            )
        node = self.root
        steps: tuple[str, ...] = ()
        for name in names:
            node, canonical = self._parent(node, name, path)
            steps = (*steps, canonical)
        return node, steps

    def _unaliased(self, names: tuple[str, ...]) -> tuple[str, ...]:
        if names and names[0].lower() in self.aliases:
            return self.aliases[names[0].lower()] + names[1:]
        if names and names[0].lower() == self.type.name.lower() and not self.type.by_relationship(names[0]):
            return names[1:]
        return names

    def _parent(self, node: Node, name: str, path: Path) -> tuple[Node, str]:
        for target in node.targets:
            reference = target.type.by_relationship(name)
            if reference is None or self.visible(target.type, reference.name) is None:
                continue
            canonical = reference.relationship_name or name
            if canonical not in node.parents:
                parent = self._joined(reference, f"{target.alias}.{quoted(reference.name)}")
                if not parent.targets:
                    unknown = [each for each in reference.reference_to if self.org.schema.find(each) is None]
                    what = f"the object {', '.join(unknown)}" if unknown else None
                    raise no_such_relationship(self.text, path.at, name, unmodelled=what)
                node.parents[canonical] = parent
            return node.parents[canonical], canonical
        raise no_such_relationship(self.text, path.at, name)

    def _joined(self, reference: Field, sql: str) -> Node:
        targets = []
        for name in reference.reference_to:
            parent = self.org.schema.find(name)
            if parent is None or not self.org.access.may(self.user, "read", parent):
                continue
            alias = self._alias()
            self._joins.append(
                f"LEFT JOIN {quoted(parent.name)} AS {alias} "
                f'ON {alias}."Id" = {sql} AND {alias}.{quoted(PENDING)} IS NULL'
            )
            targets.append(Target(parent, alias))
        return Node(tuple(targets), sql, reference)
