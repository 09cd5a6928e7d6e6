"""`python -m benchmarks [NAME …] [--small]`: measure, print, and (at full size) keep the figures."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

from . import __path__ as here
from .figures import PAGE, Figure, Result, machine, page, read_results, table, versions, write_result
from .obstacle_table import README, with_obstacles

NOT_BENCHMARKS = frozenset({"__main__", "conversion_world", "figures", "olist"})


def benchmarks() -> dict[str, ModuleType]:
    """The modules of this package that measure something."""
    names = sorted(each.name for each in iter_modules(here) if each.name not in NOT_BENCHMARKS)
    modules = {name: import_module(f".{name}", __package__) for name in names}
    return {name: module for name, module in modules.items() if hasattr(module, "run")}


def main(arguments: list[str]) -> int:
    """Run the benchmarks named, or all; 4 when a target was missed."""
    known = benchmarks()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(known)}; all of them without")
    parser.add_argument("--small", action="store_true", help="a small world, to try a benchmark out; nothing is kept")
    parser.add_argument(
        "--page",
        action="store_true",
        help="only draw what shows the kept runs",
    )
    asked = parser.parse_args(arguments)
    unknown = sorted(set(asked.names) - set(known))
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(known)}")
    missed: list[Figure] = []
    for name in [] if asked.page else asked.names or known:
        module = known[name]
        print(f"{module.TITLE} …", flush=True)
        figures: list[Figure] = module.run(small=asked.small)
        print(table(figures), flush=True)
        if not asked.small:
            missed += [each for each in figures if each.met is False]
            result = Result(
                title=module.TITLE,
                about=" ".join(module.ABOUT.split()),
                day=datetime.now(UTC).date(),
                machine=machine(),
                versions=versions(),
                figures=figures,
            )
            print(f"kept in {_shown(write_result(name, result))}", flush=True)
    if not asked.small:
        results = read_results()
        PAGE.write_text(page(results), encoding="utf-8")
        README.write_text(with_obstacles(README.read_text("utf-8"), results["preflight"]), encoding="utf-8")
    for each in missed:
        print(f"missed: {each.name}", file=sys.stderr)
    return 4 if missed else 0


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
