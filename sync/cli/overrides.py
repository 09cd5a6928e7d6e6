"""The options that let one run pass a guard; each refusal names the one that it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sync.errors import InputInvalid

if TYPE_CHECKING:
    from sync.plan.guards import Overrides

MaxConversions = Annotated[
    int | None, typer.Option("--max-conversions", min=0, help="Instead of the policy's limits.conversions.")
]
MaxShare = Annotated[
    str | None, typer.Option("--max-share", metavar="PERCENT", help="Instead of limits.share_of_open, e.g. 30%.")
]
MaxPerOwner = Annotated[int | None, typer.Option("--max-per-owner", min=0, help="Instead of limits.per_owner.")]
AllowStale = Annotated[bool, typer.Option("--allow-stale", help="Go on with a mirror older than the policy allows.")]
AllowEmpty = Annotated[bool, typer.Option("--allow-empty", help="Go on with a mirror without leads.")]
ApiReserve = Annotated[
    str | None, typer.Option("--api-reserve", metavar="PERCENT", help="Instead of limits.api_reserve, e.g. 5%.")
]
MaxFailures = Annotated[
    str | None, typer.Option("--max-failures", metavar="PERCENT", help="Instead of limits.stop_at_failures.")
]
RetryRefused = Annotated[
    bool, typer.Option("--retry-refused", help="Send again what the org refused, although the lead is unchanged.")
]


def overrides(
    *,
    max_conversions: int | None,
    max_share: str | None,
    max_per_owner: int | None,
    allow_stale: bool,
    allow_empty: bool,
    api_reserve: str | None,
) -> Overrides:
    """What a person allowed for this run.

    Raises:
        InputInvalid: A percentage that is none.
    """
    from sync.plan.guards import Overrides

    return Overrides(
        max_conversions=max_conversions,
        max_share=share(max_share, "--max-share"),
        max_per_owner=max_per_owner,
        allow_stale=allow_stale,
        allow_empty=allow_empty,
        api_reserve=share(api_reserve, "--api-reserve"),
    )


def share(text: str | None, option: str) -> float | None:
    """A percentage option as a share of one; `None` stays `None`.

    Raises:
        InputInvalid: It is no share.
    """
    if text is None:
        return None
    number = text.strip()
    try:
        found = float(number.removesuffix("%")) / (100 if number.endswith("%") else 1)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1:
        raise InputInvalid(f"{text!r} is no share", place=option, fix="write it as 20% or 0.2")
    return found
