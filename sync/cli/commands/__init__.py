"""One module per command; `COMMANDS` and `GROUPS` are what `leadgate --help` lists, in the order of a first day."""

from sync.cli.commands import audit, check, demo, doctor, mock_org, pull, report

COMMANDS = (
    ("demo", demo.demo),
    ("doctor", doctor.doctor),
    ("pull", pull.pull),
    ("check", check.check),
    ("audit", audit.audit),
    ("report", report.report),
)

GROUPS = (("mock-org", mock_org.group),)
