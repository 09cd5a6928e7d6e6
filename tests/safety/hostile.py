"""What people and attackers type into a record: texts that some reader on the way might obey instead of showing."""

from __future__ import annotations

HOSTILE = {
    "escape": "Clear\x1b[2J\x1b]0;owned\x07 Ltd",
    "nul": "Nul\x00 and more Ltd",
    "c1_control": "Csi\x9b31m Ltd",
    "right_to_left": "Invoice\u202egnp.exe\u2066 Ltd",
    "line_separator": "Two\u2028lines\u2029here Ltd",
    "formula": '=HYPERLINK("http://x.example","click")',
    "formula_plus": "+1+cmd|' /C calc'!A0",
    "formula_at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "yaml": "a: &x [*x, !!python/object/apply:os.system ['true']]",
    "xml": "<Lead>&amp;&lol;]]></Lead><!DOCTYPE x [<!ENTITY lol 'lol'>]>",
    "soql": "O'Reilly\\' OR Name LIKE '%' --",
    "sql": "Bobby'); DROP TABLE lead; --",
    "template": "{company} {0} {name.__class__} %s %n ${HOME} {{7*7}}",
    "markup": "[bold red]Alarm[/bold red] [link=http://x.example]here[/link] [/]",
    "quotes": 'He said "a,b"; c\td',
    "emoji": "Café 👩‍👩‍👧‍👦 Ünïcödé 漢字 🏳️‍🌈 GmbH",
    "path": "../../../../etc/passwd",
    "null_word": "NULL",
    "bulk_null": "#N/A",
    "wide": "Ａ" * 200,
    "number": "00012e5",
    "date": "2026-01-01",
}
"""Kind → a company's name."""

LONG = ("pricing was discussed; " + "x" * 500 + "\n\"quoted\", 'single', \\ and €uro 👍\r\n") * 56
"""Nearly 32,000 characters of a description."""
