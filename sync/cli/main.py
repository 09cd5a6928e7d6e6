"""The command line: which commands there are, and how any of them ends.

Each command lives in a module of its own and imports what it needs when it runs, so that `leadgate --help` costs
nothing.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from contextlib import suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING, NoReturn

import typer

from sync.cli.exits import Exit, explain, unexpected
from sync.errors import Interrupted, LeadgateError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

_STOPPED = 130
"""The exit code that Typer makes of a KeyboardInterrupt, before anybody else sees it."""

app = typer.Typer(
    name="leadgate",
    help="The gate between Lead and Opportunity in Salesforce.",
    epilog="Start with `leadgate demo`; on your own org: init, doctor, pull, check, explain, plan, apply.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        from sync import __version__

        sys.stdout.write(f"leadgate {__version__}\n")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None: ...


def _add_commands() -> None:
    from sync.cli.commands import COMMANDS, GROUPS

    for name, function in COMMANDS:
        app.command(name)(function)
    for name, group in GROUPS:
        app.add_typer(group, name=name)


_add_commands()


def collect_seldom() -> None:
    """Let the garbage collector look for cycles seldom: what a command builds lives to its end, and has hardly any.

    With Python's own thresholds it walks through all of it again and again: of a plan of 90,000 actions, reading took
    13 instead of 8.4 s and drawing up 16.3 instead of 14.2 s (measured).
    """
    gc.set_threshold(200_000, 50, 1_000)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code and never raises."""
    collect_seldom()
    args = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in args
    signal.signal(signal.SIGTERM, _terminate)
    command = typer.main.get_command(app)
    try:
        result = command.main(args=args, prog_name="leadgate", standalone_mode=False)
    except LeadgateError as error:
        return explain(error, as_json=as_json)
    except typer.Exit as done:
        return int(done.exit_code)
    except typer.Abort:
        return explain(Interrupted("stopped; nothing was changed by this command after the question"), as_json=as_json)
    except KeyboardInterrupt:
        return explain(Interrupted(), as_json=as_json)
    except BrokenPipeError:
        return _reader_left()
    except SystemExit as ended:  # how Rich and Typer end when a pipe's reader has left, as `| head` does
        if not isinstance(ended.__context__, BrokenPipeError):
            raise
        return _reader_left()
    except Exception as error:  # noqa: BLE001 -- the outermost edge: no traceback reaches a user
        if _is_usage_error(error):
            return explain(_usage(error), as_json=as_json)
        return unexpected(error, as_json=as_json)
    if result == _STOPPED:
        return explain(Interrupted(), as_json=as_json)
    return result if isinstance(result, int) else Exit.DONE


def _reader_left() -> int:
    """Nobody reads on: no error, and nothing more is written, not even at the process's end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Exit.DONE


def _is_usage_error(error: Exception) -> bool:
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def _usage(error: Exception) -> LeadgateError:
    from sync.errors import WrongUse

    message = str(getattr(error, "format_message")())  # noqa: B009 -- Click's own usage errors, by shape
    message = message.replace("Value error, ", "").replace("the formats '%Y-%m-%d'", "a day like 2026-05-31")
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "leadgate"
    return WrongUse(message, place=path, fix=f"see `{path} --help`")


def _terminate(_signum: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def run() -> NoReturn:
    """The `leadgate` script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a mark that the terminal's encoding lacks must not end a run
            stream.reconfigure(errors="backslashreplace")
    leave(main())


def leave(code: int) -> NoReturn:
    """End the process without taking its memory apart, which takes a fifth of a second and changes nothing.

    Whatever is to outlast the process was closed by whoever opened it. Where a thread still works, or where what was
    said can't be written, Python ends the process in its own, slower way, and tells.
    """
    if threading.active_count() == 1:
        with suppress(OSError, ValueError):  # a full disk, a reader who left, a stream that is closed
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            os._exit(code)
    sys.exit(code)
