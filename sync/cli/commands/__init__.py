"""One module per command; `COMMANDS` and `GROUPS` are what `leadgate --help` lists, in the order of a first day."""

from sync.cli.commands import (
    apply,
    audit,
    check,
    convert,
    demo,
    doctor,
    explain,
    forget,
    funnel,
    init,
    leaks,
    mapping,
    mock_org,
    pipeline,
    plan,
    policy,
    pull,
    recover,
    report,
    sync,
)

COMMANDS = (
    ("demo", demo.demo),
    ("init", init.init),
    ("doctor", doctor.doctor),
    ("pull", pull.pull),
    ("check", check.check),
    ("explain", explain.explain),
    ("funnel", funnel.funnel),
    ("leaks", leaks.leaks),
    ("pipeline", pipeline.pipeline),
    ("plan", plan.plan),
    ("apply", apply.apply),
    ("sync", sync.sync),
    ("convert", convert.convert),
    ("recover", recover.recover),
    ("audit", audit.audit),
    ("report", report.report),
    ("forget", forget.forget),
)

GROUPS = (("mapping", mapping.group), ("policy", policy.group), ("mock-org", mock_org.group))
