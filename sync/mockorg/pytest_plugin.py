"""The `mock_org` fixture: a fresh emulated org for a test, in front of every `requests` call to its hosts.

    def test_a_lead_is_converted(mock_org):
        token = mock_org.login()
        ...  # any client built on requests, at mock_org.instance_url

Loaded by every pytest run of whoever has installed this package, so it imports nothing until the fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .service import MockOrg


@pytest.fixture
def mock_org() -> Iterator[MockOrg]:
    """A fresh emulated Salesforce org without records; in-process, other hosts are left alone."""
    from .service import MockOrg  # noqa: PLC0415 - see the module's docstring

    org = MockOrg()
    with org.in_process():
        yield org
