"""`python -m sync` is the `leadgate` command."""

from sync.cli.main import run

run()
