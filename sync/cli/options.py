"""The options that every command shares, spelled once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Org = Annotated[
    str | None,
    typer.Option("--org", help="Which org of config/settings.yaml; needed only where there are several."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, logs on stderr.")]
Folder = Annotated[
    Path,
    typer.Option(
        "--folder", "-C", envvar="LEADGATE_FOLDER", help="The working folder with mappings/, config/ and .env."
    ),
]
PolicyFile = Annotated[
    Path | None,
    typer.Option("--policy", help="A policy file; the default is config/readiness.yaml."),
]
HERE = Path()
