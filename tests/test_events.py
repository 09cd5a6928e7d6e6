from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import capture_logs

from sync import events


@pytest.fixture(autouse=True)
def _everything_is_listened_to() -> Iterator[None]:
    structlog.reset_defaults()
    events.listen(least=logging.NOTSET)
    yield
    events.listen(least=logging.NOTSET)
    structlog.reset_defaults()


def test_an_event_is_told_with_its_fields_and_level() -> None:
    with capture_logs() as told:
        events.debug("salesforce.call", status=200)
        events.info("salesforce.bulk_job", job_id="750000000000001")
        events.warning("salesforce.retry", attempt=2)
    assert told == [
        {"event": "salesforce.call", "log_level": "debug", "status": 200},
        {"event": "salesforce.bulk_job", "log_level": "info", "job_id": "750000000000001"},
        {"event": "salesforce.retry", "log_level": "warning", "attempt": 2},
    ]


def test_nothing_below_the_level_is_told() -> None:
    events.listen(least=logging.WARNING)
    with capture_logs() as told:
        events.info("salesforce.bulk_job")
        events.warning("salesforce.retry")
    assert [event["event"] for event in told] == ["salesforce.retry"]


def test_structlog_is_set_up_at_once_where_it_is_loaded() -> None:
    done: list[str] = []
    events.listen(least=logging.INFO, prepare=lambda: done.append("set up"))
    events.info("salesforce.bulk_job")
    assert done == ["set up"]


def test_structlog_is_loaded_and_set_up_for_the_first_event_that_is_told() -> None:
    script = """\
import sys
from sync import events

events.listen(least=30, prepare=lambda: print("set up", "structlog" in sys.modules))
events.info("salesforce.bulk_job")
print("told nothing", "structlog" in sys.modules)
events.warning("salesforce.retry", attempt=1)
events.warning("salesforce.retry", attempt=2)
"""
    said = subprocess.run(  # noqa: S603 -- our own words
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert said[:2] == ["told nothing False", "set up True"]
    assert [line.count("attempt") for line in said[2:]] == [1, 1]
