"""From method and path to the handler: a tree of path segments.

A literal segment wins over a parameter, so `/sobjects/Lead/describe` is never read as a row id. The route found
also carries its template (`/services/data/{version}/sobjects/{object}`), which is what the request log and scripted
faults count by: a template holds no record id and nobody's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

H = TypeVar("H")


@dataclass(frozen=True, slots=True)
class Found(Generic[H]):
    """A route that fits: its handler, its template, and the parameters taken from the path."""

    handler: H
    template: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NoSuchMethod:
    """The path exists, but not for this method."""

    template: str
    allowed: tuple[str, ...]


@dataclass(slots=True)
class _Node(Generic[H]):
    literals: dict[str, _Node[H]] = field(default_factory=dict)
    parameter: _Node[H] | None = None
    handlers: dict[str, tuple[H, str, tuple[str, ...]]] = field(default_factory=dict)


class Router(Generic[H]):
    """Routes by segments; templates are written as `/a/{b}/c`."""

    def __init__(self) -> None:
        self._root: _Node[H] = _Node()

    def add(self, method: str, template: str, handler: H) -> None:
        """Register one handler for one method and template."""
        node = self._root
        names: list[str] = []
        for segment in template.strip("/").split("/"):
            if segment.startswith("{"):
                names.append(segment[1:-1])
                if node.parameter is None:
                    node.parameter = _Node()
                node = node.parameter
            else:
                node = node.literals.setdefault(segment.lower(), _Node())
        if method in node.handlers:
            raise ValueError(f"{method} {template} is registered twice")
        node.handlers[method] = (handler, template, tuple(names))

    def route(self, method: str, template: str) -> Callable[[H], H]:
        """Register the decorated handler."""

        def register(handler: H) -> H:
            self.add(method, template, handler)
            return handler

        return register

    def find(self, method: str, segments: tuple[str, ...]) -> Found[H] | NoSuchMethod | None:
        """The handler of a request; HEAD is answered by GET where nothing else is registered."""
        allowed: dict[str, str] = {}
        for node, values in self._walk(self._root, segments, ()):
            entry = node.handlers.get(method)
            if entry is None and method == "HEAD":
                entry = node.handlers.get("GET")
            if entry is not None:
                handler, template, names = entry
                return Found(handler, template, dict(zip(names, values, strict=True)))
            allowed.update({name: template for name, (_, template, _) in node.handlers.items()})
        if not allowed:
            return None
        methods = sorted({*allowed, *(["HEAD"] if "GET" in allowed else [])})
        return NoSuchMethod(next(iter(allowed.values())), tuple(methods))

    def _walk(
        self, node: _Node[H], segments: tuple[str, ...], values: tuple[str, ...]
    ) -> list[tuple[_Node[H], tuple[str, ...]]]:
        if not segments:
            return [(node, values)] if node.handlers else []
        head, rest = segments[0], segments[1:]
        found: list[tuple[_Node[H], tuple[str, ...]]] = []
        literal = node.literals.get(head.lower())
        if literal is not None:
            found += self._walk(literal, rest, values)
        if node.parameter is not None:
            found += self._walk(node.parameter, rest, (*values, head))
        return found
