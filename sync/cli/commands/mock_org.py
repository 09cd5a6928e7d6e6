"""`leadgate mock-org`: an org to try everything on, served on loopback, and a lifelike world to put into it."""

from __future__ import annotations

import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sync.cli.options import Json
from sync.errors import InputInvalid

if TYPE_CHECKING:
    from sync.mockorg import MockOrg

group = typer.Typer(
    help="An emulated Salesforce org for trials and tests.", no_args_is_help=True, rich_markup_mode=None
)

Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")]
Data = Annotated[
    Path | None,
    typer.Option("--data", help="A folder of Lead.csv, Task.csv, … with API names as headers, and perhaps org.yaml."),
]


@group.command("serve")
def serve(
    *,
    port: Port = 8080,
    host: Annotated[str, typer.Option("--host", help="A loopback address.")] = "127.0.0.1",
    data: Data = None,
    tls: Annotated[bool, typer.Option("--tls", help="https, with an authority made for this run.")] = False,
    ca_file: Annotated[
        Path | None, typer.Option("--ca-file", help="Where to write that authority's certificate.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="For ids and tokens.")] = 0,
    as_json: Json = False,
) -> None:
    """Serve the mock org until Ctrl-C; prints the settings that connect leadgate (or any client) to it."""
    from sync.cli import output
    from sync.mockorg import server as door

    if host not in {"127.0.0.1", "::1", "localhost"}:
        raise InputInvalid(f"{host!r} is not a loopback address", place="--host", fix="use 127.0.0.1, ::1 or localhost")
    org = open_mock_org(data, seed=seed)
    try:
        with door.serve(org, host=host, port=port, tls=tls, ca_file=ca_file) as server:
            settings = {"LEADGATE_INSTANCE_URL": server.url, "LEADGATE_ACCESS_TOKEN": org.access_token()}
            if server.ca_file is not None:
                settings["LEADGATE_CA_FILE"] = str(server.ca_file)
            if as_json:
                output.emit_json({"url": server.url, "org_id": org.org_id, "settings": settings})
                sys.stdout.flush()
            else:
                sys.stdout.write(f"mock org {org.org_id} at {server.url}; Ctrl-C ends it\n")
                sys.stdout.writelines(f"export {name}={value}\n" for name, value in settings.items())
                sys.stdout.flush()
            _until_stopped()
    except OSError as refused:
        raise InputInvalid(
            f"can't listen on {host}:{port}: {refused.strerror or refused}", place="--port", fix="choose another port"
        ) from refused


@group.command("seed")
def seed_folder(
    folder: Annotated[Path, typer.Argument(help="Where to write; made if it doesn't exist.")],
    *,
    leads: Annotated[int, typer.Option("--leads", min=100, help="How many leads.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", help="Another number, another world.")] = 7,
    as_json: Json = False,
) -> None:
    """Write a lifelike world (CSV files and org.yaml) for `mock-org serve --data`."""
    from sync.cli import output
    from sync.mockorg.seed import write_world

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputInvalid(f"{folder} exists and is not an empty folder", place="FOLDER", fix="name a new folder")
    write_world(folder, seed=seed, leads=leads, today=datetime.now(UTC).date())
    files = sorted(p.name for p in folder.iterdir())
    if as_json:
        output.emit_json({"folder": folder, "leads": leads, "seed": seed, "files": files})
        return
    sys.stdout.write(f"{leads:,} leads and what belongs to them in {folder}: {', '.join(files)}\n")
    sys.stdout.write(f"next: leadgate mock-org serve --data {folder}\n")


def open_mock_org(data: Path | None, *, seed: int = 0) -> MockOrg:
    """A mock org, loaded from a folder where one is given.

    Raises:
        InputInvalid: With file, line and column of what can't be loaded.
    """
    from sync.mockorg import MockOrg
    from sync.mockorg.data import DataError
    from sync.mockorg.org_yaml import OrgYamlError

    if data is not None and not data.is_dir():
        raise InputInvalid(f"{data} is not a folder", place="--data", fix="write one with `leadgate mock-org seed`")
    try:
        return MockOrg(data=data, seed=seed)
    except (DataError, OrgYamlError) as wrong:
        raise InputInvalid(
            "\n".join(wrong.problems),
            place=":".join(wrong.problems[0].split(":")[:2]),
            fix="mend the folder; `leadgate mock-org seed` writes one to compare with",
        ) from wrong


def _until_stopped() -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    stop.wait()
