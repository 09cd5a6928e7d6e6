"""Texts that a field could hold, enough of them that no condition of the policy judges an unlisted one differently.

For `sync.policy.cells`. Exact for text that is compared for equality any number of times, together with one other
sort of condition: a single search (`LIKE`, `contains`, `length` …), or equality of `lower(…)`, or of `email_domain(…)`.
"""

from __future__ import annotations

import itertools
import string
from collections.abc import Iterator, Sequence
from decimal import Decimal

from sync.model import FieldType, id_checksum
from sync.policy import syntax
from sync.policy.evaluate import lower
from sync.policy.syntax import Expr

_LONGEST = 300
_LETTERS = string.ascii_lowercase + string.digits


class NotSeparable(Exception):
    """The conditions on a field have a shape whose values can't be cut exactly; the message says which."""


def literals_in(leaves: Sequence[Expr]) -> tuple[str, ...]:
    """Constants that the conditions name, in the order met."""
    found = (p.value for leaf in leaves for p in syntax.walk(leaf) if isinstance(p, syntax.Literal))
    return tuple(dict.fromkeys(value for value in found if isinstance(value, str) and value))


def searches(leaves: Sequence[Expr]) -> bool:
    """Whether a condition looks at the text otherwise than by equality."""
    return any(_shape(leaf) is not None for leaf in leaves)


def texts(type_: FieldType, leaves: Sequence[Expr]) -> Iterator[str]:
    """Candidate texts: the constants named, and others for every way to be none of them.

    Raises:
        NotSeparable: When candidates could not be complete.
    """
    named = literals_in(leaves)
    enough = len(named) + 1
    shapes = [shape for shape in map(_shape, leaves) if shape is not None]
    kinds = {kind for kind, _ in shapes}
    if len(kinds) > 1 or (kinds == {"search"} and len(shapes) > 1):
        raise NotSeparable("several searches in one text field")
    if type_ is FieldType.ID:
        yield from named
        yield from itertools.islice(_fresh_ids(named), enough)
        return
    addresses_only = type_ is FieldType.EMAIL and kinds == {"domain"}
    yield from (text for text in named if "@" in text or not addresses_only)
    words = list(itertools.islice(_words(named), enough))
    yield from (f"someone@{word}.example" for word in words if type_ is FieldType.EMAIL)
    yield from (word for word in words if not addresses_only)
    for kind, leaf in shapes:
        for text in literals_in([leaf]) if kind != "search" else ():
            if kind == "lower":
                yield from itertools.islice(_cases(text), enough)
            else:
                yield from (f"{word}@{text}" for word in words)
        if kind == "search":
            yield from _found_by(leaf, enough, addresses=type_ is FieldType.EMAIL)


def _shape(leaf: Expr) -> tuple[str, Expr] | None:
    """`None` for equality of the field itself; else the sort of condition that it is."""
    match leaf:
        case syntax.IsNull(item=item):
            term: Expr = item
        case syntax.Compare(op="=" | "<>", left=left, right=right):
            term = left if syntax.field_names(left) else right
            if syntax.field_names(left) and syntax.field_names(right):
                raise NotSeparable("a comparison of a field with itself")
        case syntax.OneOf(item=item):
            term = item
        case _:
            return "search", leaf
    match term:
        case syntax.Field():
            return None
        case syntax.Call(name="coalesce", args=(syntax.Field(), *rest)) if all(
            isinstance(part, syntax.Literal) for part in rest
        ):
            return None
        case syntax.Call(name="lower", args=(syntax.Field(),)):
            return "lower", leaf
        case syntax.Call(name="email_domain", args=(syntax.Field(),)):
            return "domain", leaf
        case _:
            return "search", leaf


def _found_by(leaf: Expr, enough: int, *, addresses: bool) -> Iterator[str]:
    """Texts that a search finds and texts that it doesn't, `enough` of each where there are so many."""
    if enough > len(_LETTERS):
        raise NotSeparable("very many constants beside a search")
    match leaf:
        case syntax.Like(item=item, pattern=pattern):
            if not _plain(item):
                raise NotSeparable("a search in a calculated text")
            yield from _filled(pattern, enough)
            yield from (_letter_outside(pattern) * length for length in range(1, len(pattern) + enough + 2))
        case syntax.Call(name="contains" | "starts_with" | "ends_with" | "includes", args=(item, *words)):
            if not isinstance(item, syntax.Field):
                raise NotSeparable("a search in a calculated text")
            sought = [str(word.value) for word in words if isinstance(word, syntax.Literal)]
            joined = ";" if leaf.name == "includes" else ""
            for text in sought:
                yield from (f"{text}@example.com", f"someone@{text}") if addresses else ()
                yield text
                for number in range(1, enough + 1):
                    fill = "x" * number
                    yield from (text + joined + fill, fill + joined + text)
            yield from (_letter_outside("".join(sought)) * number for number in range(1, enough + 1))
        case _:
            yield from _of_every_length(leaf, enough)


def _of_every_length(leaf: Expr, enough: int) -> Iterator[str]:
    """For conditions on `length(field)`: texts of every length up to what they compare with."""
    parts = list(syntax.walk(leaf))
    calls = [part for part in parts if isinstance(part, syntax.Call)]
    simple = isinstance(leaf, syntax.Compare | syntax.Between | syntax.OneOf)
    calculated = any(isinstance(part, syntax.Arithmetic | syntax.Negate | syntax.Case) for part in parts)
    if not simple or calculated or len(calls) != 1 or calls[0].name != "length" or not _plain(calls[0].args[0]):
        raise NotSeparable("a condition that is no comparison with constants")
    numbers = [part.value for part in parts if isinstance(part, syntax.Literal)]
    longest = max((int(number) for number in numbers if isinstance(number, int | Decimal)), default=0)
    if longest > _LONGEST:
        raise NotSeparable("a very long text")
    for length in range(1, max(longest, 0) + 3):
        yield from (letter * length for letter in itertools.islice(_LETTERS, enough))


def _plain(item: Expr) -> bool:
    return isinstance(item, syntax.Field) or (
        isinstance(item, syntax.Call) and item.name == "lower" and isinstance(item.args[0], syntax.Field)
    )


def _filled(pattern: str, enough: int) -> Iterator[str]:
    """Texts of a LIKE pattern's form, with several fillings and in several cases."""
    yield from itertools.islice(_cases(pattern.replace("%", "").replace("_", "x")), enough)
    for letter in itertools.islice(_LETTERS, enough):
        for number in range(1, enough + 1):
            yield pattern.replace("%", letter * number).replace("_", letter)


def _cases(text: str) -> Iterator[str]:
    """The text in all combinations of upper and lower case, as written first."""
    yield text
    options = [dict.fromkeys((char, lower(char), char.upper() if len(char.upper()) == 1 else char)) for char in text]
    yield from ("".join(chars) for chars in itertools.product(*options))


def _words(taken: Sequence[str]) -> Iterator[str]:
    """Texts that nothing in the policy names, `other` first."""
    avoid = {lower(text) for text in taken}
    for number in itertools.count():
        word = "other" if number == 0 else f"other{number}"
        if word not in avoid:
            yield word


def _letter_outside(pattern: str) -> str:
    used = lower(pattern)
    return next(
        letter for letter in itertools.chain("x", _LETTERS, map(chr, range(0x3B1, 0x3C9))) if letter not in used
    )


def _fresh_ids(taken: Sequence[str]) -> Iterator[str]:
    prefix = taken[0][:3] if taken else "000"
    for number in itertools.count(1):
        short = f"{prefix}{number:012d}"
        full = short + id_checksum(short)
        if full not in taken:
            yield full
