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

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .service import MockOrg

__all__ = ["MockOrg"]


def __getattr__(name: str) -> object:
    if name == "MockOrg":
        from .service import MockOrg  # noqa: PLC0415 - see the module's docstring

        return MockOrg
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
