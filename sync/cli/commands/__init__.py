"""One module per command; `COMMANDS` and `GROUPS` are what `leadgate --help` lists, in the order of a first day."""

from sync.cli.commands import (
    apply,
    audit,
    check,
    compensate,
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
    score,
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
    ("compensate", compensate.compensate),
    ("audit", audit.audit),
    ("report", report.report),
    ("forget", forget.forget),
)

GROUPS = (("mapping", mapping.group), ("policy", policy.group), ("score", score.group), ("mock-org", mock_org.group))
