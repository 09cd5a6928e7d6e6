"""Reading org.yaml: text to settings, and everything wrong with it at once, with file, line and fix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError

from .settings import OrgSettings
from .settings_checks import problems_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class OrgYamlError(Exception):
    """org.yaml does not say what an org can be; `problems` holds one line per fault, with its place."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def read_settings(text: str, *, source: str = "org.yaml") -> OrgSettings:
    """The settings that `text` describes; `source` names the file in errors.

    Raises:
        OrgYamlError: with every problem found.
    """
    try:
        loaded = YAML(typ="rt", pure=True).load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise OrgYamlError([f"{source}:{line}: this is not YAML: {error.problem}"]) from error
    if loaded is None:
        return OrgSettings()
    if not isinstance(loaded, CommentedMap):
        raise OrgYamlError([f"{source}:1: expected a mapping with keys such as users, custom_fields, lead_statuses"])
    try:
        settings = OrgSettings.model_validate(_plain(loaded))
    except ValidationError as error:
        problems = []
        for each in error.errors():
            path = ".".join(str(part) for part in each["loc"])
            problems.append(f"{source}:{_line(loaded, each['loc'])}: {path}: {_sentence(each['type'], each['msg'])}")
        raise OrgYamlError(problems) from error
    check_settings(settings, source=source, lines=lambda path: _line(loaded, path))
    return settings


def check_settings(settings: OrgSettings, *, source: str, lines: Callable[[Sequence[str | int]], int]) -> None:
    """Refuse settings whose parts do not fit together; `lines` gives the line of a key's path.

    Raises:
        OrgYamlError: with every problem found.
    """
    problems = [
        f"{source}:{lines(path)}: {'.'.join(str(part) for part in path)}: {text}"
        for path, text in problems_of(settings)
    ]
    if problems:
        raise OrgYamlError(problems)


def _sentence(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "this key is not known here; check its spelling and its indentation"
    if kind == "missing":
        return "this key is needed here"
    return message[:1].lower() + message[1:]


def _line(node: object, path: Sequence[str | int]) -> int:
    line = 1
    for part in path:
        if isinstance(node, CommentedMap) and part in node:
            line = node.lc.key(part)[0] + 1
            node = node[part]
        elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
            line = node.lc.item(part)[0] + 1
            node = node[part]
        else:
            break
    return line


def _plain(node: Any) -> Any:
    if isinstance(node, CommentedMap):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [_plain(value) for value in node]
    return node
