"""An emulated Salesforce org in memory, behind the real wire.

    from sync.mockorg import MockOrg

    mock_org = MockOrg(seed=7)
    with mock_org.in_process():
        ...  # any client built on requests now talks to the org at mock_org.instance_url
    with mock_org.serve(tls=True) as server:
        ...  # any client at all, at server.url

Nothing is imported until `MockOrg` is asked for: the pytest plugin of this package is loaded in every test run.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .faults import Fault, FaultKind
    from .service import MockOrg

__all__ = ["Fault", "FaultKind", "MockOrg"]

_HOMES = {"Fault": "faults", "FaultKind": "faults", "MockOrg": "service"}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{home}", __name__), name)
