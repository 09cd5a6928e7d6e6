"""Every key of org.yaml, from the models that read it."""

from __future__ import annotations

import types
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from ..settings import OrgSettings
from .tables import first_paragraph, table

_SHORT = {"str": "text", "bool": "true or false", "int": "whole number", "float": "number"}


def section() -> str:
    """The section on org.yaml."""
    parts = [
        "## org.yaml: every key\n",
        (
            "All keys may be left out; what is not known is refused with file, line and key. `[]` marks a list, `{}` a "
            "mapping from the name of an object (or field) to what follows.\n"
        ),
        table(("key", "is", "default"), _rows(OrgSettings)),
    ]
    for title, model in _blocks(OrgSettings, ""):
        parts += [f"### `{title}`\n", first_paragraph(model.__doc__) + "\n"]
        parts.append(table(("key", "is", "default"), _rows(model)))
    return "\n".join(parts)


def _blocks(model: type[BaseModel], path: str) -> list[tuple[str, type[BaseModel]]]:
    """Each block of settings below a model, with its place; one that stands in several places is shown once."""
    found: dict[type[BaseModel], str] = {}
    for name, field in model.model_fields.items():
        block, suffix = _block_of(field.annotation)
        if block is None:
            continue
        place = f"{path}{name}{suffix}"
        found[block] = f"{found[block]}`, `{place}" if block in found else place
    listed = [(place, block) for block, place in found.items()]
    seen = set(found)
    for place, block in list(listed):
        listed += [each for each in _blocks(block, f"{place.split('`', maxsplit=1)[0]}.") if each[1] not in seen]
    return listed


def _block_of(annotation: Any) -> tuple[type[BaseModel] | None, str]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, ""
    arguments = get_args(annotation)
    if get_origin(annotation) is tuple:
        block, suffix = _block_of(arguments[0])
        return block, f"[]{suffix}"
    if get_origin(annotation) is dict:
        block, suffix = _block_of(arguments[1])
        return block, f"{{}}{suffix}"
    return None, ""


def _rows(model: type[BaseModel]) -> list[tuple[str, str, str]]:
    rows = []
    for name, field in model.model_fields.items():
        block, suffix = _block_of(field.annotation)
        kind = first_paragraph(block.__doc__) if block is not None else _kind(field.annotation)
        default = "needed" if field.is_required() else _default(field.get_default(call_default_factory=True))
        rows.append((f"`{name}{suffix}`", kind, default))
    return rows


def _kind(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{each}`" for each in arguments)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " or ".join(f"`{each.value}`" for each in annotation)
    if origin is tuple:
        return f"list of {_kind(arguments[0])}"
    if origin is dict:
        return f"{_kind(arguments[0])} → {_kind(arguments[1])}"
    if origin in {Union, types.UnionType}:
        return " or ".join(dict.fromkeys(_kind(each) for each in arguments if each is not type(None)))
    return _SHORT.get(getattr(annotation, "__name__", ""), "text, number, or true or false")


def _default(value: object) -> str:  # noqa: PLR0911 - one per kind of value
    match value:
        case None | () | "":
            return "none"
        case bool():
            return f"`{str(value).lower()}`"
        case BaseModel():
            return ""
        case tuple() if isinstance(value[0], BaseModel):
            return ", ".join(str(getattr(each, "name", getattr(each, "username", ""))) for each in value)
        case tuple():
            return ", ".join(f"`{each}`" for each in value)
        case dict() if not value:
            return "none"
        case dict():
            return "; ".join(f"{key}: {_default(each)}" for key, each in value.items())
        case _ if value is PydanticUndefined:
            return "needed"
        case _:
            return f"`{value}`"
