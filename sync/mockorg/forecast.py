"""How forecast categories are named: in the user's words, and in the older fixed words of `ForecastCategory`."""

from __future__ import annotations

_FIXED = {"Best Case": "BestCase", "Commit": "Forecast"}


def forecast_category(name: str) -> str:
    """ForecastCategory of a ForecastCategoryName: `Best Case` → `BestCase`, `Commit` → `Forecast`."""
    return _FIXED.get(name, name)
