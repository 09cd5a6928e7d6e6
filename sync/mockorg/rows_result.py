"""What a write asks for and what became of it: the options that headers set, and one result per record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .errors import RowError


@dataclass(frozen=True, slots=True, kw_only=True)
class DmlOptions:
    """The choices that a call's headers make.

    `auto_assign`: None runs the active assignment rule as Salesforce does by default, False does not, an id names it.
    `duplicates_allow_save` passes rules that alert. `allow_field_truncation` cuts long text instead of refusing it.
    `all_or_none` is for calls of several records; the functions for one record ignore it.
    """

    auto_assign: bool | str | None = None
    duplicates_allow_save: bool = False
    duplicates_include_record_details: bool = False
    allow_field_truncation: bool = False
    all_or_none: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """What became of one record. `id` is None where it failed before there was one."""

    id: str | None
    success: bool
    created: bool = False
    errors: tuple[RowError, ...] = ()
