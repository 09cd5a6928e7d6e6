"""leadgate: the gate between Lead and Opportunity in Salesforce.

The flow: `pull` fills the mirror, `policy` decides, `plan` freezes what to do, `apply` does it once, the `ledger`
remembers. Only `sync.salesforce` speaks to an org; only `sync.workspace` knows which concrete parts are in use.
"""

from __future__ import annotations

__all__ = ["__version__"]

__version__: str


def __getattr__(name: str) -> str:
    """`__version__`, looked up when it is asked for: the look-up is a quarter of what `leadgate --help` takes."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 -- see above

    try:
        found = version("leadgate")
    except PackageNotFoundError:  # a checkout that was never installed
        found = "0.0.0"
    globals()["__version__"] = found
    return found
