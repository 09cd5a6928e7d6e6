"""The addresses that the stubs of these tests answer at."""

from __future__ import annotations

URL = "https://acme.my.salesforce.com"
DATA = f"{URL}/services/data/v66.0"
OPAQUE = "00D000000000001!token"
