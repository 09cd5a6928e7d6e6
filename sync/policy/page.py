"""A policy as a page that a sales manager can read: what makes a lead ready, what happens then, within which limits.

For `leadgate policy docs`. Markdown, made of the parsed policy, so that it can't say anything else than the policy
does; the same policy gives the same page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sync.mapping import OrgMapping
from sync.policy import syntax
from sync.policy.parsed import ParsedPolicy, ParsedSignal
from sync.policy.prose import code, escaped, listed, prose, value, words
from sync.policy.relations import LIKELIHOOD
from sync.policy.schema import ConversionSettings, Limits, SignalKind, Transition
from sync.policy.syntax import Expr

_ROWS = {
    SignalKind.ACTIVITY: "an activity of the lead (a task, call, e-mail or meeting)",
    SignalKind.OPPORTUNITY: "an opportunity that the lead leads to",
    SignalKind.HISTORY: "a change in the lead's field history",
}
_MATCH = {
    "contact_email": "a contact with the lead's e-mail address",
    "email_domain": "the domain of the lead's e-mail address",
    "website": "the web site",
    "company_name": "the company's name",
}
_DUPLICATES = {
    "hold": "the lead is held for a person",
    "allow": "the conversion goes ahead and the duplicate is allowed",
    "reuse": "the record that is there already is used",
}
_RULES = {
    "org": "held if the org tells that conversions obey its rules, and warned of if it doesn't tell",
    "hold": "held, unless the org tells that conversions needn't obey its rules",
    "warn": "converted with a warning",
}


def policy_page(parsed: ParsedPolicy, mapping: OrgMapping) -> str:
    """The page.

    Args:
        parsed: The policy.
        mapping: For the names that Salesforce has for the fields.
    """
    policy = parsed.policy
    labels = {name: c.label for name, c in policy.criteria.items()}
    labels |= {name: s.label for name, s in policy.signals.items()}
    sections = (
        (f"# When a lead becomes an opportunity: {escaped(policy.name)}", _opening(parsed, labels)),
        ("## What makes a lead ready", _ready(parsed, labels)),
        ("## Each condition", _criteria(parsed, labels)),
        ("## Facts that are looked for", _signals(parsed, labels)),
        ("## Lead Status", _transitions(parsed, labels)),
        ("## What a conversion makes", _conversion(parsed, labels)),
        ("## Limits of one run", _limits(policy.limits)),
        ("## Opportunities that need a look", _checks(parsed, labels)),
        ("## Words and fields", _fields(parsed, mapping)),
    )
    blocks = ["\n".join([heading, "", *lines]) for heading, body in sections if (lines := list(body))]
    source = f"Made by `leadgate policy docs` from {code(policy.file)}, digest {code(policy.digest[:12])}."
    return "\n\n".join([*blocks, "---", source]) + "\n"


def _opening(parsed: ParsedPolicy, labels: Mapping[str, str]) -> Iterator[str]:
    yield f"Looked at are leads for which {prose(parsed.scope, labels)}. Deleted and converted leads never are."
    yield ""
    yield (
        "A condition on an empty field is neither true nor false but unknown, and an unknown condition never makes a "
        "lead ready. Days are days in UTC."
    )


def _ready(parsed: ParsedPolicy, labels: Mapping[str, str]) -> Iterator[str]:
    match parsed.ready:
        case syntax.And(items=items):
            yield "A lead is ready when all of these hold:"
        case syntax.Or(items=items):
            yield "A lead is ready when at least one of these holds:"
        case single:
            yield "A lead is ready when this holds:"
            items = (single,)
    yield ""
    for item in items:
        if isinstance(item, syntax.CriterionRef):
            yield f"- **{escaped(labels[item.name])}**: {prose(parsed.criteria[item.name], labels)}"
        else:
            yield f"- {prose(item, labels)}"


def _criteria(parsed: ParsedPolicy, labels: Mapping[str, str]) -> Iterator[str]:
    asked, elsewhere = _reached(parsed, [parsed.ready]), _reached(parsed, _other_uses(parsed))
    rows = []
    for name, tree in parsed.criteria.items():
        uses = [use for use, names in (("readiness", asked), ("other rules", elsewhere)) if name in names]
        rows.append((f"**{escaped(labels[name])}**", prose(tree, labels), listed(uses or ["reports only"], "and")))
    yield from _table(("condition", "holds when", "used for"), rows)


def _signals(parsed: ParsedPolicy, labels: Mapping[str, str]) -> Iterator[str]:
    if not parsed.signals:
        return
    yield "Each comes with its evidence: the record, its time, and the words that were found."
    yield ""
    for name, signal in parsed.signals.items():
        yield f"- **{escaped(labels[name])}**: {_signal(signal, labels)}"


def _signal(parsed: ParsedSignal, labels: Mapping[str, str]) -> str:
    signal = parsed.signal
    condition = prose(parsed.when, labels)
    if signal.kind is SignalKind.FIELD:
        return f"in the lead itself, {condition}."
    row = _ROWS[signal.kind]
    window = f" of the last {signal.within_days:,} days" if signal.within_days is not None else " of any age"
    said = f"there is {row}{window} where {condition}."
    if signal.kind is SignalKind.ACTIVITY:
        ahead = "Activities that lie ahead count from the moment they are entered."
        said += f" {ahead if signal.planned else 'Activities that lie ahead do not count.'}"
    if parsed.contradicted_by is not None:
        said += f" Taken back when, later, {prose(parsed.contradicted_by, labels)}."
    return said


def _transitions(parsed: ParsedPolicy, labels: Mapping[str, str]) -> Iterator[str]:
    pairs = list(zip(parsed.policy.transitions, parsed.transitions, strict=True))
    if not pairs:
        return
    yield "For a lead that is looked at, the first of these that applies changes the Lead Status:"
    yield ""
    for number, (transition, tree) in enumerate(pairs, start=1):
        yield f"{number}. {_from(transition)} to “{escaped(transition.to)}” when {prose(tree, labels)}."


def _from(transition: Transition) -> str:
    if not transition.from_:
        return "from any other"
    return f"from {listed([f'“{escaped(status)}”' for status in transition.from_], 'or')}"


def _conversion(parsed: ParsedPolicy, labels: Mapping[str, str]) -> Iterator[str]:
    settings = parsed.policy.conversion
    status = f"“{escaped(settings.status)}”" if settings.status else "the org's one converted status"
    yield f"- The lead gets the status {status}."
    ways = "; ".join(_MATCH[key] for key in settings.account.match)
    several = "the lead is held for a person" if settings.account.ambiguous == "hold" else "a new account is made"
    yield (
        f"- **Account**: an existing one is looked for by {ways}, in that order; else a new one is made. "
        f"If several fit, {several}."
    )
    if settings.account.free_mail:
        domains = listed([escaped(domain) for domain in settings.account.free_mail], "and")
        yield f"- Addresses at {domains} say nothing of the company, as those of any free mail service."
    yield f"- **Opportunity**: {_opportunity(parsed, labels)}"
    yield f"- **Owner**: {_owner(settings)}"
    yield f"- **Duplicates**: where a duplicate rule finds one, {_DUPLICATES[settings.duplicates]}."
    yield f"- **Validation rules**: a lead that one would refuse is {_RULES[settings.validation_rules]}."
    if settings.overwrite_lead_source:
        yield "- The contact's lead source is replaced by the lead's."
    if settings.notify_owner:
        yield "- The new owner gets an e-mail from Salesforce."


def _opportunity(parsed: ParsedPolicy, labels: Mapping[str, str]) -> str:
    settings = parsed.policy.conversion.opportunity
    if parsed.never_create:
        return "none is made; a lead becomes account and contact only."
    when = "one is made for every lead"
    if parsed.create is not None:
        condition = prose(parsed.create, labels)
        when = f"one is made if {condition}; otherwise the lead becomes account and contact only"
    parts = [f"named {code(settings.name)}"]
    if settings.stage is not None:
        parts.append(f"in stage “{escaped(settings.stage)}”")
    if settings.close_in_days is not None:
        parts.append(f"closing {settings.close_in_days:,} days after the run")
    if parsed.amount is not None:
        parts.append(f"with the amount {value(parsed.amount)}")
    if settings.record_type is not None:
        parts.append(f"of record type “{escaped(settings.record_type)}”")
    said = f"{when}. It is {', '.join(parts)}."
    if settings.attach_open:
        said += " If the account has exactly one open opportunity, that one is used instead."
    return said


def _owner(settings: ConversionSettings) -> str:
    owner = "the lead's owner" if settings.owner == "lead_owner" else f"always {code(settings.owner)}"
    if settings.owner != "lead_owner" and settings.queue_owner is None:
        return f"{owner}."
    instead = "are held" if settings.queue_owner is None else f"go to {code(settings.queue_owner)}"
    return f"{owner}; leads of a queue or of an inactive user {instead}."


def _limits(limits: Limits) -> Iterator[str]:
    if limits.conversions is not None:
        yield f"- at most {limits.conversions:,} conversions"
    if limits.share_of_open is not None:
        yield f"- at most {_share(limits.share_of_open)} of the leads that are looked at"
    if limits.per_owner is not None:
        yield f"- at most {limits.per_owner:,} conversions for one owner"
    if limits.canary:
        yield f"- {limits.canary:,} conversions first; the rest only if those went well"
    yield f"- stops when more than {_share(limits.stop_at_failures)} fail"
    yield f"- leaves {_share(limits.api_reserve)} of the org's daily API calls untouched"
    if limits.wait_at_reserve_hours is not None:
        yield f"- waits up to {_hours(limits.wait_at_reserve_hours)} where that stops it, and goes on"
    if limits.max_mirror_age_hours is not None:
        yield f"- refuses to plan on data older than {_hours(limits.max_mirror_age_hours)}"
    if limits.plan_valid_hours is not None:
        yield f"- refuses to carry out a plan older than {_hours(limits.plan_valid_hours)}"
    if limits.hold_refused_hours is not None:
        yield f"- what the org refused is not tried again for {_hours(limits.hold_refused_hours)}, unless it changes"


def _checks(parsed: ParsedPolicy, labels: Mapping[str, str]) -> Iterator[str]:
    if parsed.checks:
        yield "Reported, never changed:"
        yield ""
    for name, tree in parsed.checks.items():
        yield f"- **{escaped(parsed.policy.opportunity_checks[name].label)}**: {prose(tree, labels)}"


def _fields(parsed: ParsedPolicy, mapping: OrgMapping) -> Iterator[str]:
    lead = mapping["lead"].fields
    read = {name for tree in parsed.lead_expressions() for name in syntax.field_names(tree)}
    rows = [(words(name), code(field.api_name)) for name, field in lead.items() if name in read]
    if LIKELIHOOD in read and LIKELIHOOD not in lead:
        alone = "; it may make a lead ready by itself" if parsed.policy.likelihood_alone else ""
        rows.append((words(LIKELIHOOD), f"none: learnt from the org's past, between 0 and 1{alone}"))
    yield from _table(("on this page", "field of Lead"), rows)


def _other_uses(parsed: ParsedPolicy) -> list[Expr]:
    return [tree for tree in (parsed.scope, *parsed.transitions, parsed.create, parsed.amount) if tree is not None]


def _reached(parsed: ParsedPolicy, trees: Sequence[Expr]) -> set[str]:
    """Criteria that expressions speak of, by themselves or through other criteria."""
    found: set[str] = set()
    left = list(trees)
    while left:
        new = set(syntax.criterion_names(left.pop())) - found
        found |= new
        left += [parsed.criteria[name] for name in new]
    return found


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if rows:
        yield f"| {' | '.join(columns)} |"
        yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _share(share: float) -> str:
    return f"{100 * share:.4g}%"


def _hours(hours: float) -> str:
    if hours % 24 or hours < 48:
        return f"{hours:.4g} hours"
    return f"{hours / 24:.4g} days"
