"""Mail services that anybody may have an address at: such a domain says nothing about the company.

The list is data (`free_mail.txt`); a policy adds to it under `conversion.account.free_mail`.
"""

from __future__ import annotations

from importlib.resources import files


def _listed() -> frozenset[str]:
    text = files("sync.plan").joinpath("free_mail.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


FREE_MAIL_DOMAINS = _listed()
"""Domains in lower case."""
