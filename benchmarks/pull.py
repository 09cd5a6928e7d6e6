"""How fast, how frugal and how small the pull is, beside others that fetch the same leads from the same server.

Every figure of leadgate is of the command itself, from the start of its process to its end. The org's own time on a
bulk query is nobody's merit, so the comparison with the floor leaves it out on both sides; all others include it.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from compileall import compile_dir
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree

from sync.mockorg.ids import checksum

from .figures import Figure
from .mock_org import COLUMNS, FULL, SMALL, write_leads
from .pull_peers import floor, salesforce_cli, simple_salesforce_bulk, simple_salesforce_rows
from .pull_world import REPOSITORY, Cost, Site, measured, pulled, working_folder
from .served_org import served

TITLE = "Pull"
ABOUT = """\
A full pull of leads with 25 fields (and the six that leadgate adds) into the mirror, what changed of them, and a pull
when nothing did, each as the command `leadgate pull` from the start of its process to its end; beside it others that
fetch the same query from the same mock org, served on a loopback socket by a process of its own. Pages come as gzip for
everybody. Server and client share the machine's cores. The floor is curl, which fetches the pages of a ready job, five
at a time, and then one DuckDB `read_csv` that makes a table of them. All figures are of one run; the full pull and the
floor were taken three times, in turn, and the best of each counts. What changed costs its share of a full pull and what
doesn't shrink with it: the start of the process, the org's search for what changed, the counts before and after, and
the rewriting of a table in which every tenth record is replaced and its old version kept.
"""

LATENCY = 0.05
"""Seconds that each request takes longer in the second round, as from an org far away."""

_ROWS = 100_000
_TARGETS = {"bulk2": 3.0, "the Salesforce CLI": 5.0, "rows": 5.0}


def run(*, small: bool) -> list[Figure]:
    """All figures of the pull; `small` does it with twenty thousand leads and no second org of five times as many."""
    leads = SMALL if small else FULL
    figures: list[Figure] = []
    compile_dir(REPOSITORY / "sync", quiet=1)
    with tempfile.TemporaryDirectory(prefix="pull-bench-") as name:
        folder = Path(name)
        (folder / "data").mkdir()
        write_leads(folder / "data", leads)
        with _site() as site:
            site.ask("POST", "/__mock__/seed", {"folder": str(folder / "data")})
            work = working_folder(folder / "work")
            first = _rounds(site, folder, work, leads, figures)
        figures += _memory(folder, leads, first)
        figures += _unchanged(folder)
    return figures


@contextmanager
def _site(data: Path | None = None) -> Iterator[Site]:
    with served(data) as org:
        yield Site(port=org.port, token=org.token)


def _rounds(site: Site, folder: Path, work: Path, leads: int, figures: list[Figure]) -> Cost:
    """Both rounds, near the org and far from it; what the first pull has cost."""
    near = _against_others(site, folder, work, leads, figures, way="")
    figures += _small_changes(site, work, leads, near, way="")
    site.ask("POST", "/__mock__/latency", {"seconds": LATENCY})
    way = f", {LATENCY * 1000:.0f} ms latency"
    far = _against_others(site, folder, work, leads, figures, way=way)
    figures += _small_changes(site, work, leads, far, way=way)
    return near


def _against_others(site: Site, folder: Path, work: Path, leads: int, figures: list[Figure], *, way: str) -> Cost:
    turns = [(_pull_anew(site, work, leads), floor(site, folder / "floor")) for _ in range(3)]
    ours, own = min((pull for pull, _ in turns), key=lambda pull: pull[0].seconds - pull[1])
    fetched, loaded = min((other for _, other in turns), key=lambda other: other[0].seconds + other[1].seconds)
    least = fetched.seconds + loaded.seconds
    what = f"full pull of {leads:,} leads × {len(COLUMNS)} fields{way}"
    figures += [
        Figure(
            name=what,
            value=ours.seconds,
            unit="s",
            note=f"of it {own:.1f} s in which the org worked on the query; {ours.cpu:.1f} s of processor",
        ),
        Figure(
            name=f"the floor{way}: curl, then one `read_csv`",
            value=least,
            unit="s",
            note=f"{fetched.seconds:.1f} s + {loaded.seconds:.1f} s; {fetched.cpu + loaded.cpu:.1f} s of processor",
        ),
        Figure(
            name=f"the full pull without the org's own time{way}, as a multiple of the floor",
            value=(ours.seconds - own) / least,
            unit="×",
            target=1.3,
        ),
    ]
    others: list[tuple[str, str, Callable[[], Cost | None], float]] = [
        (
            "simple-salesforce `bulk2` to files, then DuckDB",
            "bulk2",
            lambda: simple_salesforce_bulk(site, folder / "b"),
            1,
        ),
        (
            "`sf data export bulk`, then DuckDB",
            "the Salesforce CLI",
            lambda: salesforce_cli(site, folder / "cli"),
            1,
        ),
        (
            f"simple-salesforce `query_all` into SQLite, {min(_ROWS, leads):,} rows",
            "rows",
            lambda: simple_salesforce_rows(site, folder / "rows", rows=min(_ROWS, leads)),
            leads / min(_ROWS, leads),
        ),
    ]
    for name, key, act, share in others:
        cost = act()
        if cost is None:
            continue
        figures.append(
            Figure(
                name=f"{name}{way}: how much longer it takes than the full pull",
                value=cost.seconds * share / ours.seconds,
                unit="×",
                target=_TARGETS[key],
                better="higher",
                note=f"{cost.seconds:.1f} s"
                + (f", × {share:.0f} for as many leads" if share > 1 else "")
                + "; whoever took only the floor and the org's own time would be "
                f"{cost.seconds * share / (own + least):.2g} × as fast",
            )
        )
    return ours


def _pull_anew(site: Site, work: Path, leads: int) -> tuple[Cost, float]:
    """A first pull, and the seconds of it in which the org worked on the query."""
    before = site.seconds_of_jobs()
    cost, said = pulled(site, work, anew=True)
    record = said["objects"]["Lead"]
    if (record["expected"], record["received"]) != (leads, leads):
        raise AssertionError(f"{leads} leads were to be pulled: {record}")
    return cost, site.seconds_of_jobs() - before


def _small_changes(site: Site, work: Path, leads: int, first: Cost, *, way: str) -> list[Figure]:
    _pull_anew(site, work, leads)
    changed = leads // 10
    ids = [f"00Q7R{number:010}" for number in range(0, leads, 10)]
    site.touch([each + checksum(each) for each in ids])
    before = site.seconds_of_jobs()
    cost, said = pulled(site, work)
    own = site.seconds_of_jobs() - before
    if said["objects"]["Lead"]["changed"] != changed:
        raise AssertionError(f"{changed} changes were to be pulled: {said}")
    nothing, _ = pulled(site, work)
    return [
        Figure(
            name=f"pull of {changed:,} changed of {leads:,}{way}: how much longer the full pull takes",
            value=first.seconds / cost.seconds,
            unit="×",
            target=8,
            better="higher",
            note=f"{cost.seconds:.2f} s, {said['api_calls']} calls; in the way of more: {nothing.seconds:.2f} s for a "
            f"pull when nothing changed, {own:.2f} s of the org's own for the query, and {2 * changed:,} rows to be "
            "written, the new ones and their old versions; whoever wrote these in no time would be "
            f"{first.seconds / (nothing.seconds + own):.2g} × as fast as the full pull",
        )
    ]


def _memory(folder: Path, leads: int, first: Cost) -> list[Figure]:
    more = 5 * leads
    with _site() as site:
        for start in range(0, more, leads):
            write_leads(folder / "data", leads, start=start)
            site.ask("POST", "/__mock__/seed", {"folder": str(folder / "data")})
        larger, _ = _pull_anew(site, working_folder(folder / "larger"), more)
    return [
        Figure(name=f"peak memory of the pull of {leads:,} leads", value=first.memory, unit="MB", target=700),
        Figure(
            name=f"peak memory of a pull of {more:,} leads",
            value=larger.memory,
            unit="MB",
            target=700,
            note=f"{larger.seconds:.0f} s",
        ),
        Figure(
            name="the larger pull's memory as a multiple of the smaller one's",
            value=larger.memory / first.memory,
            unit="×",
            target=1.2,
        ),
    ]


def _unchanged(folder: Path) -> list[Figure]:
    """Nine objects as the shipped mapping names them, in an org where nothing happens."""
    world, work = folder / "world", folder / "nine"
    seed = [sys.executable, "-m", "sync", "mock-org", "seed", str(world), "--leads", "2000"]
    measured(seed, folder=REPOSITORY)
    copytree(REPOSITORY / "mappings", work / "mappings")
    with _site(world) as site:
        pulled(site, work)
        site.ask("POST", "/__mock__/clock", {"advance": 1800})
        pulled(site, work)
        near = [pulled(site, work) for _ in range(5)]
        site.ask("POST", "/__mock__/latency", {"seconds": LATENCY})
        far = [pulled(site, work) for _ in range(5)]
    objects = len(near[0][1]["objects"])
    what = f"pull when nothing changed, {objects} objects"
    return [
        Figure(name=f"{what}: API calls", value=max(said["api_calls"] for _, said in near), unit="calls", target=3),
        Figure(name=f"{what}, median of five", value=statistics.median(c.seconds for c, _ in near), unit="s", target=1),
        Figure(
            name=f"the same with {LATENCY * 1000:.0f} ms latency per request",
            value=statistics.median(c.seconds for c, _ in far),
            unit="s",
        ),
    ]
