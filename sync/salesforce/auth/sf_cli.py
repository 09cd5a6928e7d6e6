"""The Salesforce CLI's own login, borrowed: `sf org display` and, since plugin-org 5.11, `show-access-token`.

New CLIs print `[REDACTED] …` where the token was, and have a command that shows it; old CLIs lack that command and
print the token. Both are asked as JSON. The org's alias is the only thing in the command line.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sync.errors import AccessRefused, SettingsInvalid
from sync.org_credentials import base_url
from sync.salesforce.auth.session import Session, session_of

_REDACTED = "[REDACTED]"
_TIMEOUT = 120.0  # the CLI takes seconds to start, and may refresh its token first

Run = Callable[[Sequence[str]], str]
"""Runs one CLI command and returns its stdout, whatever its exit code."""


def run(command: Sequence[str]) -> str:
    """Run one command of the Salesforce CLI.

    Raises:
        SettingsInvalid: There is no such CLI here.
        AccessRefused: It doesn't come to an end.
    """
    program = shutil.which(command[0])
    if program is None:
        raise SettingsInvalid(
            "the Salesforce CLI (sf) is not installed here",
            place="LEADGATE_SF_CLI_ORG",
            fix="install it or set another way to log in",
        )
    environment = {**os.environ, "SF_JSON_TO_STDOUT": "true", "SF_DISABLE_TELEMETRY": "true", "NO_COLOR": "1"}
    try:
        done = subprocess.run(  # noqa: S603 -- a fixed command; the alias is one argument, never a shell's text
            [program, *command[1:]],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            env=environment,
            timeout=_TIMEOUT,
            check=False,
            text=True,
            encoding="utf-8",
        )
    except subprocess.TimeoutExpired as hung:
        raise AccessRefused("the Salesforce CLI doesn't answer", place="sf", fix="run `sf org list`") from hung
    return done.stdout


def session_from(target_org: str, *, run: Run = run) -> Session:
    """The session of an org that the CLI knows by alias or username.

    Raises:
        SettingsInvalid: No CLI, or it knows no such org.
        AccessRefused: The CLI has no usable token for it.
    """
    shown = _result(run(["sf", "org", "display", "--target-org", target_org, "--json"]), target_org)
    instance = str(shown.get("instanceUrl") or "")
    access_token = str(shown.get("accessToken") or "")
    if not access_token or access_token.startswith(_REDACTED):
        told = _result(
            run(["sf", "org", "auth", "show-access-token", "--target-org", target_org, "--json"]), target_org
        )
        access_token = str(told.get("accessToken") or "")
    if not access_token or access_token.startswith(_REDACTED) or not instance:
        raise AccessRefused(
            f"the Salesforce CLI doesn't show the access token of {target_org}",
            place="LEADGATE_SF_CLI_ORG",
            fix=f"update the CLI, or log in again: sf org login web --alias {target_org}",
        )
    return session_of(access_token, base_url(instance, place="the CLI's instanceUrl"))


def _result(stdout: str, target_org: str) -> Mapping[str, Any]:
    """The `result` of a CLI answer, which may have warnings in front of its JSON."""
    start = stdout.find("{")
    try:
        answer = json.loads(stdout[start:]) if start >= 0 else None
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise AccessRefused("the Salesforce CLI's answer isn't JSON", place="sf", fix="update the Salesforce CLI")
    result = answer.get("result")
    if answer.get("status") == 0 and isinstance(result, dict):
        return result
    name = str(answer.get("name") or "error")
    raise SettingsInvalid(
        f"the Salesforce CLI can't open {target_org}: {name}",
        place="LEADGATE_SF_CLI_ORG",
        fix=f"check `sf org list`; log in by: sf org login web --alias {target_org}",
    )
