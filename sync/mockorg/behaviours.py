"""A register of what the mock org models, and on what ground.

Each piece of emulated behaviour names itself with `@behaviour(...)`: *confirmed* when official documentation, a WSDL
or a recording of a real org shows it, *uncertain* when it rests on third parties or inference. The documentation's
list of modelled behaviour is generated from here, so it cannot fall behind the code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Mark = Literal["confirmed", "uncertain"]
_Decorated = TypeVar("_Decorated", bound="Callable[..., object]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One modelled behaviour: a stable name, its mark, its source, and the sentence from its docstring."""

    name: str
    mark: Mark
    source: str
    module: str
    summary: str


_REGISTER: dict[str, Behaviour] = {}


def behaviour(name: str, mark: Mark = "confirmed", source: str = "") -> Callable[[_Decorated], _Decorated]:
    """Register the decorated function or class as the place where behaviour `name` is modelled.

    One function may carry several. The docstring's first paragraph is the summary. A name given twice is an error:
    the documentation would show one of them only.
    """

    def register(place: _Decorated) -> _Decorated:
        where = f"{place.__module__}.{place.__qualname__}"
        known = _REGISTER.get(name)
        if known is not None and known.module != where:
            message = f"behaviour {name!r} is registered by {known.module} and by {where}"
            raise ValueError(message)
        summary = " ".join((place.__doc__ or "").strip().split("\n\n")[0].split())
        _REGISTER[name] = Behaviour(name=name, mark=mark, source=source, module=where, summary=summary)
        return place

    return register


def behaviours() -> tuple[Behaviour, ...]:
    """All registered behaviours by name, as far as their modules have been imported."""
    return tuple(_REGISTER[name] for name in sorted(_REGISTER))
