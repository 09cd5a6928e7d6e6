"""Regular expressions of a policy: only what RE2 (which DuckDB runs) and people both understand.

RE2 takes linear time on any text, so a policy can't hang a run. This module refuses what RE2 lacks, or reads
differently, while the policy is loaded: nobody should learn of a typing mistake from a database error at night.
"""

from __future__ import annotations

import re
import warnings

_MAX_LENGTH = 500
_MAX_REPEATS = 1000

_ESCAPE = re.compile(r"\\(?:[AbBdDsSwWntrfv]|x[0-9A-Fa-f]{2}|[^A-Za-z0-9])")
_GROUP = re.compile(r"\(\?(?::|[ims]+:|P<[A-Za-z_][A-Za-z0-9_]*>)")
_FLAGS = re.compile(r"\(\?[ims]+\)")
_COUNT = re.compile(r"\{(\d+)(,(\d*))?\}")
_POSSESSIVE = re.compile(r"[*+?}]\+")


def pattern_trouble(pattern: str) -> str | None:  # noqa: PLR0911 -- one per way to be wrong
    """What is wrong with a regular expression, or `None` when it can be used."""
    if not pattern:
        return "is empty and would match everything"
    if len(pattern) > _MAX_LENGTH:
        return f"is longer than {_MAX_LENGTH} characters"
    trouble = _foreign_syntax(pattern)
    if trouble is not None:
        return trouble
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            compiled = re.compile(pattern, re.IGNORECASE)
    except (re.error, OverflowError) as broken:
        return f"is no regular expression: {broken}"
    except (FutureWarning, DeprecationWarning):
        return "is ambiguous: escape [ ] & | ~ - inside a character class"
    except RecursionError:
        return "is nested too deeply"
    if compiled.search("") is not None:
        return "matches even empty text, so it would find itself in every record"
    return None


def literal_pattern(words: str) -> str:
    """The regular expression that finds exactly these words."""
    return re.escape(words)


def _foreign_syntax(pattern: str) -> str | None:  # noqa: PLR0911 -- one per way to be foreign
    repeats = 1
    flags = _FLAGS.match(pattern)
    at = flags.end() if flags else 0
    in_class = False
    while at < len(pattern):
        rest = pattern[at:]
        match rest[0]:
            case "\\":
                escape = _ESCAPE.match(pattern, at)
                if escape is None:
                    return f"uses {rest[:2]}, which RE2 doesn't know"
                at = escape.end()
                continue
            case "[" if in_class:
                return "uses [ inside a character class: escape it as \\["
            case "[":
                in_class = True
                at += 2 if rest[1:2] == "^" else 1
                at += 1 if pattern[at : at + 1] == "]" else 0
                continue
            case "]":
                in_class = False
            case "(" if not in_class and rest.startswith("(?") and not _GROUP.match(rest):
                return f"uses {rest[:4]}…, which RE2 doesn't have (no look-ahead, look-behind, back-reference, comment)"
            case "{" if not in_class:
                count = _COUNT.match(rest)
                if count is None:
                    return "has a { that starts no repetition: escape it as \\{"
                repeats *= max(1, int(count[3] or count[1]))
                if repeats > _MAX_REPEATS:
                    return f"repeats more than {_MAX_REPEATS} times"
            case _:
                pass
        if not in_class and _POSSESSIVE.match(rest):
            return "uses a possessive repetition, which RE2 doesn't have"
        at += 1
    return None
