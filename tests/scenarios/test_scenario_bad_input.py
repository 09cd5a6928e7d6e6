"""What a person can get wrong: one clear message with its place and a fix, the right code, nothing half done."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import duckdb
import pytest
from ruamel.yaml import YAML
from scenario_desk import Desk, Said, Stage

from sync.mockorg import MockOrg
from sync.mockorg.faults import Fault, FaultKind

CASES = YAML(typ="safe").load(Path(__file__).with_name("bad_input.yaml"))


def no_policy(desk: Desk) -> None:
    (desk.folder / "config" / "readiness.yaml").unlink()


def no_mappings(desk: Desk) -> None:
    shutil.rmtree(desk.folder / "mappings")


def no_org(desk: Desk) -> None:
    desk.variables.clear()
    desk.settle()


def half_a_login(desk: Desk) -> None:
    no_org(desk)
    desk.settle(LEADGATE_AUTH="client_credentials", LEADGATE_DOMAIN="acme.my", LEADGATE_CLIENT_ID="3MVG9")


def policy_in_latin_1(desk: Desk) -> None:
    file = desk.folder / "config" / "readiness.yaml"
    file.write_bytes(file.read_text("utf-8").replace("Has shown interest", "Intérêt").encode("latin-1", "replace"))


def plan_of_bytes(desk: Desk) -> None:
    desk.plan_file.write_bytes(bytes(range(256)))


def plan_cut_off(desk: Desk) -> None:
    text = desk.plan_file.read_text("utf-8")
    desk.plan_file.write_text(text[: len(text) * 2 // 3], "utf-8")


def another_org(desk: Desk) -> None:
    """The same address, and somebody else's org behind it."""
    other = MockOrg(seed=99, org_yaml=(desk.world.folder / "org.yaml").read_text("utf-8"))
    desk.mock.__dict__ |= other.__dict__
    desk.login()


def rewritten_plan(desk: Desk, name: str, value: str) -> None:
    """A plan as another leadgate would have made it: its id fits."""
    from sync.plan.document import content_id  # noqa: PLC0415 -- two scenes need it

    plan = json.loads(desk.plan_file.read_text("utf-8"), parse_float=__import__("decimal").Decimal)
    plan.pop("plan_id")
    plan[name] = value
    desk.plan_file.write_text(json.dumps({"plan_id": content_id(plan), **plan}, default=float), "utf-8")


def plan_of_last_week(desk: Desk) -> None:
    rewritten_plan(desk, "created_at", "2020-01-01T00:00:00Z")


def mirror_of_bytes(desk: Desk) -> None:
    (desk.state / "mirror.duckdb").write_bytes(b"not a database at all\n" * 500)


def newer_mirror(desk: Desk) -> None:
    with duckdb.connect(str(desk.state / "mirror.duckdb")) as database:
        database.execute("UPDATE mirror_meta SET value = '99' WHERE key = 'format'")


def earlier_mirror(desk: Desk) -> None:
    with duckdb.connect(str(desk.state / "mirror.duckdb")) as database:
        database.execute("""UPDATE pull_state SET columns = '{"id": ["Id", "id"]}' WHERE object = 'lead'""")


def ledger_of_bytes(desk: Desk) -> None:
    (desk.state / "ledger.sqlite").write_bytes(b"not a database at all\n" * 500)


def workbook_for_csv(desk: Desk) -> None:
    (desk.folder / "leads.csv").write_bytes(b"PK\x03\x04\x14\x00\x06\x00\xff\xfe\x00\x80" * 40)


def closed_port(desk: Desk) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    desk.settle(LEADGATE_INSTANCE_URL=f"http://127.0.0.1:{port}")


def wrong_password(desk: Desk) -> None:
    no_org(desk)
    desk.settle(
        LEADGATE_DOMAIN="login", LEADGATE_USERNAME="lena.gateway@northgate-sales.example", LEADGATE_PASSWORD="hunter2"
    )


def wrong_client_secret(desk: Desk) -> None:
    no_org(desk)
    desk.settle(LEADGATE_DOMAIN=desk.url, LEADGATE_CLIENT_ID="leadgate-mock-client", LEADGATE_CLIENT_SECRET="hunter2")


@contextmanager
def web_page(desk: Desk) -> Iterator[None]:
    """A server that says 200 and a web page to everything, as a captive portal does."""

    class Portal(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"<html><body>Please log in to the guest network.</body></html>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- its base's name
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Portal) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        desk.settle(LEADGATE_INSTANCE_URL=f"http://127.0.0.1:{server.server_port}")
        yield
        server.shutdown()


SCENES: Mapping[str, Callable[[Desk], None]] = {
    each.__name__: each
    for each in (
        no_policy,
        no_mappings,
        no_org,
        half_a_login,
        policy_in_latin_1,
        plan_of_bytes,
        plan_cut_off,
        plan_of_last_week,
        mirror_of_bytes,
        newer_mirror,
        earlier_mirror,
        ledger_of_bytes,
        workbook_for_csv,
        closed_port,
        wrong_password,
        wrong_client_secret,
    )
} | {"plan_of_another_org": another_org, "mirror_of_another_org": another_org}


def prepare(desk: Desk, case: Mapping[str, Any]) -> None:
    for path, text in case.get("files", {}).items():
        desk.write(path, text)
    for path, (old, new) in case.get("edits", {}).items():
        desk.replace(path, old, new)
    if "settings" in case:
        desk.settle(**case["settings"])
    if "fault" in case:
        desk.mock.add_fault(Fault(**{**case["fault"], "kind": FaultKind(case["fault"]["kind"])}))
    if "scene" in case and case["scene"] != "web_page":
        SCENES[case["scene"]](desk)


def arguments(desk: Desk, case: Mapping[str, Any]) -> list[str]:
    blocked = min(t.lead_id for t in desk.world.truth.values() if t.in_scope and not t.ready)
    ids = {"ready": min(desk.world.convertible), "blocked": blocked, "contact": min(desk.rows("Contact"), default="")}
    return [word.format(**ids) for word in case["command"].split()]


def left_behind(desk: Desk) -> dict[str, str]:
    """Everything of the folder but what opening a ledger leaves, with a digest each."""
    return {
        str(path.relative_to(desk.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(desk.folder.rglob("*"))
        if path.is_file() and not path.name.startswith("ledger.sqlite")
    }


def marked(case: Mapping[str, Any], *, slow: bool) -> Any:
    marks = [pytest.mark.slow] if slow or case.get("slow") else []
    return pytest.param(case, Stage(case.get("stage", "fresh")), marks=marks, id=case["name"])


def tell(desk: Desk, case: Mapping[str, Any], *extra: str) -> Said:
    """What the command says; nothing but its ledger and lock files may have changed by it."""
    prepare(desk, case)
    before, files = desk.contents(), left_behind(desk)
    with web_page(desk) if case.get("scene") == "web_page" else nullcontext():
        said = desk.run(*arguments(desk, case), *extra).expect(case["code"])
    assert desk.contents() == before
    assert case.get("scene") == "web_page" or left_behind(desk) == files
    for words in case.get("never", ()):
        assert words not in said.text
    return said


@pytest.mark.parametrize(("case", "stage"), [marked(case, slow=False) for case in CASES])
def test_bad_input_gets_an_error_document_with_place_and_fix(case: dict[str, Any], quick_desk: Desk) -> None:
    said = tell(quick_desk, case, "--json")
    error = said.document["error"]
    assert set(error) == {"code", "message", "place", "fix"}
    assert re.fullmatch(r"[A-Za-z_]+", error["code"])
    assert error["code"] not in {"error", "unexpected"}
    assert case.get("place", "") in error["place"]
    assert said.document["exit_code"] == case["code"]
    for words in case["says"]:
        assert words in " ".join((error["message"], error["place"], error["fix"]))


EACH_KIND = ("a policy with a subquery", "a plan that was edited by hand", "an id that can't be one")
"""Messages for people are drawn in one place: these kinds always run, the others with the slow tests."""


@pytest.mark.parametrize(("case", "stage"), [marked(case, slow=case["name"] not in EACH_KIND) for case in CASES])
def test_bad_input_gets_one_clear_message_for_people(case: dict[str, Any], quick_desk: Desk) -> None:
    said = tell(quick_desk, case)
    assert said.out == ""
    message = [line for line in said.err.splitlines() if not line.startswith("{")]  # logs are JSON lines
    assert [line for line in message if line.startswith("leadgate: ")] == message[:1]
    assert any(line.startswith("  fix:   ") for line in message), said.err
    for words in case["says"]:
        assert words in said.err
