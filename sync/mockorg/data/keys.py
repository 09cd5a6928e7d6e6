"""Keys and ids: what a cell of an id or reference column means.

A key belongs to the object in whose file it stands in the Id column, so `1` may be a lead here and an account there.
A reference is looked up among the objects that its field may point to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..ids import to18

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..org import Org
    from ..schema import Field, ObjectType


class Keys:
    """All keys of a folder, and the ids that they stand for. `make_user` makes a user for a name that nobody has."""

    def __init__(self, org: Org, defined: frozenset[str], make_user: Callable[[str], str]) -> None:
        self._org = org
        self._defined = defined
        self._make_user = make_user
        self._ids: dict[str, dict[str, str]] = {}
        self._exact: dict[str, bool] = {}

    def bind(self, object_name: str, key: str, record_id: str) -> None:
        """Say which record a key stands for."""
        self._ids.setdefault(object_name, {})[key] = record_id

    def bind_if_free(self, object_name: str, key: str, record_id: str) -> None:
        """Say which record a name stands for, unless a file has already used it as a key."""
        self._ids.setdefault(object_name, {}).setdefault(key, record_id)

    def collect(self, type_: ObjectType, cells: Iterable[str]) -> None:
        """Give every key of an Id column its id, in the order of the file."""
        known = self._ids.setdefault(type_.name, {})
        odd = [cell for cell in cells if to18(cell) != cell]
        self._exact[type_.name] = not odd and self._exact.get(type_.name, True)
        fresh = [cell for cell in dict.fromkeys(odd) if cell and to18(cell) is None and cell not in known]
        known.update(zip(fresh, self._org.ids.next_many(type_.id_prefix, len(fresh)), strict=True))

    def exact(self, type_: ObjectType) -> bool:
        """Whether every cell of the object's Id column is an id of 18 characters, or presumed to be one."""
        return self._exact.get(type_.name, False)

    def presume_exact(self, type_: ObjectType) -> None:
        """Take the object's Id column for ids of 18 characters, without having read all of it."""
        self._exact[type_.name] = True

    def check_exact(self, cells: Iterable[str]) -> None:
        """See whether what was presumed holds.

        Raises:
            KeysAfterAll: one of the cells is no id of 18 characters.
        """
        if any(to18(cell) != cell for cell in cells):
            raise KeysAfterAll

    def copy(self) -> Keys:
        """These keys, to go back to."""
        copied = Keys(self._org, self._defined, self._make_user)
        copied._ids = {name: dict(ids) for name, ids in self._ids.items()}
        return copied

    def own(self, type_: ObjectType, cell: str) -> str:
        """The id for a cell of the Id column: itself, or the key's."""
        known = self._ids.setdefault(type_.name, {})
        if cell in known:
            return known[cell]
        full = to18(cell)
        if full is not None:
            return full
        known[cell] = self._org.ids.next(type_.id_prefix)
        return known[cell]

    def known(self, object_name: str, key: str) -> str | None:
        """The id that a key stands for, if it does."""
        return self._ids.get(object_name, {}).get(key)

    def reference(self, field: Field, cell: str) -> str | None:
        """The id for a cell of a reference column; None when its key is nowhere in a file that should have it.

        Raises:
            AmbiguousKey: when more than one object that the field may point to has this key.
        """
        full = to18(cell)
        if full is not None:
            return full
        found = [(name, self._ids[name][cell]) for name in field.reference_to if cell in self._ids.get(name, {})]
        if len(found) > 1:
            raise AmbiguousKey([name for name, _ in found])
        if found:
            return found[0][1]
        if "User" in field.reference_to:
            made = self._make_user(cell)
            self.bind("User", cell, made)
            return made
        if any(name in self._defined for name in field.reference_to):
            return None
        target = self._org.schema.find(field.reference_to[0]) if field.reference_to else None
        if target is None:
            return None
        return self.own(target, cell)


class KeysAfterAll(Exception):
    """An Id column that began with ids holds keys further on."""


class AmbiguousKey(Exception):
    """One key stands in the Id column of several files, and the reference may mean each; `objects` names them."""

    def __init__(self, objects: list[str]) -> None:
        super().__init__(", ".join(objects))
        self.objects = objects
