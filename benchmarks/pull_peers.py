"""Those that the pull is measured against: curl and one read of its pages, simple-salesforce, the Salesforce CLI."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from .mock_org import COLUMNS
from .pull_world import ADDED, DATA, REPOSITORY, SOQL, Cost, Site, measured

_SQL_TYPES = {
    "AnnualRevenue": "DECIMAL(18,4)",
    "NumberOfEmployees": "BIGINT",
    "IsConverted": "BOOLEAN",
    "IsDeleted": "BOOLEAN",
    "ConvertedDate": "DATE",
    "CreatedDate": "TIMESTAMP",
    "LastModifiedDate": "TIMESTAMP",
    "SystemModstamp": "TIMESTAMP",
}
_LOAD = """\
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("SET preserve_insertion_order = false")
connection.execute(
    "CREATE TABLE lead AS SELECT * FROM read_csv(?, columns = " + sys.argv[3] + ", header = true, auto_detect = false, "
    "delim = ',', quote = '\\"', escape = '\\"')", [sys.argv[2]])
connection.close()
"""
_SIMPLE = """\
import sys, requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
class Plain(HTTPAdapter):  # it knows https only; leadgate and curl come by http
    def send(self, request, *args, **kwargs):
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, *args, **kwargs)
session = requests.Session()
session.mount("https://", Plain())
sf = Salesforce(instance_url=sys.argv[1], session_id=sys.argv[2], version="66.0", session=session)
"""
_BULK2 = """\
sf.bulk2.Lead.download(sys.argv[3], path=sys.argv[4])
"""
_ROWS = """\
import sqlite3
columns = sys.argv[5].split(",")
database = sqlite3.connect(sys.argv[4])
database.execute(f"CREATE TABLE lead ({', '.join(columns)})")
found = sf.query_all_iter(sys.argv[3], include_deleted=True)
database.executemany(
    f"INSERT INTO lead VALUES ({', '.join('?' for _ in columns)})", ([row[name] for name in columns] for row in found))
database.commit()
"""


def floor(site: Site, folder: Path) -> tuple[Cost, Cost]:
    """curl fetches the pages of a ready job, five at a time and with gzip; one `read_csv` makes a table of them."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    job = f"{DATA}/jobs/query/{site.ready_job()}"
    links, following = [], f"{job}/resultPages"
    while following:
        listed = site.ask("GET", following)
        links += [each["resultLink"] for each in listed["resultPages"]]
        following = listed.get("nextRecordsUrl")
    asked = "".join(f'url = "{site.url}{each}"\noutput = "{folder}/{n:05}.csv"\n' for n, each in enumerate(links))
    (folder / "asked").write_text(asked, encoding="utf-8")
    command = ["curl", "--silent", "--fail", "--compressed", "--parallel", "--parallel-max", "5"]
    command += ["--header", f"Authorization: Bearer {site.token}", "--config", str(folder / "asked")]
    return measured(command, folder=folder), _loaded(folder)


def simple_salesforce_bulk(site: Site, folder: Path) -> Cost:
    """`bulk2.Lead.download`, then the files into a DuckDB table."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    fetched = measured([sys.executable, "-c", _SIMPLE + _BULK2, site.url, site.token, SOQL, str(folder)], folder=folder)
    return _sum(fetched, _loaded(folder))


def simple_salesforce_rows(site: Site, folder: Path, *, rows: int) -> Cost:
    """`query_all`, row by row into SQLite."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    soql, columns = f"{SOQL} LIMIT {rows}", ",".join((*COLUMNS, *ADDED))
    place = str(folder / "leads.sqlite")
    return measured([sys.executable, "-c", _SIMPLE + _ROWS, site.url, site.token, soql, place, columns], folder=folder)


def salesforce_cli(site: Site, folder: Path) -> Cost | None:
    """`sf data export bulk`, then the file into a DuckDB table; `None` where the CLI isn't installed."""
    peers = Path(os.environ.get("LEADGATE_PEERS") or Path.home() / ".cache" / "leadgate-peers")
    programs = peers / "node_modules" / ".bin"
    if not (programs / "sf").exists():
        return None
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    env = {
        "HOME": str(folder),
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "LANG": "C.UTF-8",
        "NODE_OPTIONS": f"--require={REPOSITORY / 'tests' / 'clients' / 'loopback_only.cjs'}",
        "SF_ACCESS_TOKEN": site.token,
        "SF_DISABLE_TELEMETRY": "true",
        "SF_DISABLE_AUTOUPDATE": "true",
        "SF_SKIP_NEW_VERSION_CHECK": "true",
        "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
    }
    sf = str(programs / "sf")
    login = [sf, "org", "login", "access-token", "--instance-url", site.url, "--no-prompt", "--set-default"]
    measured(login, folder=folder, env=env)
    export = [sf, "data", "export", "bulk", "--query", SOQL, "--all-rows", "--result-format", "csv", "--wait", "60"]
    fetched = measured([*export, "--output-file", str(folder / "leads.csv")], folder=folder, env=env)
    return _sum(fetched, _loaded(folder))


def _loaded(folder: Path) -> Cost:
    types = ", ".join(f"'{each}': '{_SQL_TYPES.get(each, 'VARCHAR')}'" for each in (*COLUMNS, *ADDED))
    place = str(folder / "leads.duckdb")
    return measured([sys.executable, "-c", _LOAD, place, str(folder / "*.csv"), f"{{{types}}}"], folder=folder)


def _sum(first: Cost, second: Cost) -> Cost:
    return Cost(
        seconds=first.seconds + second.seconds,
        cpu=first.cpu + second.cpu,
        memory=max(first.memory, second.memory),
    )
