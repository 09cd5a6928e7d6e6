"""The page: the head written by hand, then a section for each part of the mock org."""

from __future__ import annotations

from pathlib import Path

from . import behaviour_table, control_table, limits_of_model, org_yaml_table, surface

HEAD = Path(__file__).with_name("head.md")


def page() -> str:
    """docs/mock-org.md."""
    sections = (
        org_yaml_table.section(),
        control_table.faults(),
        control_table.control(),
        surface.rest(),
        surface.soap(),
        surface.soql(),
        surface.objects(),
        behaviour_table.section(),
        limits_of_model.section(),
    )
    return "\n".join([HEAD.read_text(encoding="utf-8"), *sections])
