"""What is refused: read from the places in the source that refuse it."""

from __future__ import annotations

import ast
from pathlib import Path

from ..errors import NOT_MODELLED_HEADER
from ..nowhere import UNMODELLED_RESOURCES
from ..soql.terms import NOT_MODELLED_FUNCTIONS

_PACKAGE = Path(__file__).resolve().parent.parent
_ALSO = (
    "sharing: every user sees every record of the objects that the profile may read",
    "Apex, flows and triggers, but for what `automations` of org.yaml lets them refuse or cost",
    "Bulk API 1.0, the Streaming and Pub/Sub APIs, the Metadata API, most of the Tooling API",
    "e-mail: notifications are noted, not sent",
)


def section() -> str:
    """The section on what is not modelled."""
    resources = ", ".join(f"`{each}`" for each in sorted(UNMODELLED_RESOURCES))
    functions = ", ".join(f"`{each}`" for each in sorted(NOT_MODELLED_FUNCTIONS))
    return "\n".join(
        [
            "## What is not modelled\n",
            (
                f"It is refused with Salesforce's own error and the header `{NOT_MODELLED_HEADER}`, which names it; "
                "never passed over in silence.\n"
            ),
            f"- resources (404): {resources}, as far as they are not listed above",
            f"- SOQL functions: {functions}",
            *(f"- {each}" for each in sorted(_refused())),
            "",
            "Outside the picture altogether:\n",
            *(f"- {each}" for each in _ALSO),
            "",
        ]
    )


def _refused() -> set[str]:
    """The first argument of every `NotModelled(…)` of the package; what depends on the request is shown as `…`."""
    found = set()
    for path in sorted(_PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "NotModelled":
                text = _text(node.args[0])
                if len(text.replace("…", "").split()) > 1 and text != "the SOQL function …":
                    found.add(text)
    return found


def _text(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_text(part) if isinstance(part, ast.Constant) else "…" for part in parts)
        case _:
            return ""
