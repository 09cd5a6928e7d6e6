"""The options that every command shares, spelled once."""

from __future__ import annotations

from datetime import datetime
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
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="Decide as of this UTC time."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
HERE = Path()
