"""Prints docs/mock-org.md."""

from __future__ import annotations

import sys

from .page import page

sys.stdout.write(page())
