"""The `conversion:` and `limits:` sections of a policy file; called by `sync.policy.loader`."""

from __future__ import annotations

import re
from typing import cast, get_args

from sync.mapping import OrgMapping
from sync.model import normal_id
from sync.policy.document import Block, Entry, Text
from sync.policy.forms import Form, is_nothing
from sync.policy.schema import (
    AccountKey,
    AccountSettings,
    Choice,
    ConversionSettings,
    Expression,
    Limits,
    OpportunitySettings,
    Place,
    RuleChoice,
)

CONVERSION_KEYS = (
    "status",
    "account",
    "opportunity",
    "owner",
    "queue_owner",
    "duplicates",
    "validation_rules",
    "overwrite_lead_source",
    "notify_owner",
)
ACCOUNT_KEYS = ("match", "ambiguous", "free_mail")
OPPORTUNITY_KEYS = ("create", "name", "stage", "close_in_days", "amount", "attach_open", "record_type")
LIMIT_KEYS = (
    "conversions",
    "share_of_open",
    "per_owner",
    "canary",
    "stop_at_failures",
    "api_reserve",
    "wait_at_reserve",
    "max_mirror_age",
    "plan_valid",
    "hold_refused",
)
NEVER = "FALSE"
"""The text of `create` when the policy says `create: false`."""

_HOLE = re.compile(r"\{([^{}]*)\}")
_DOMAIN = re.compile(r"[^@\s./]+(\.[^@\s./]+)+")
_USERNAME = re.compile(r"[^@\s]+@[^@\s]+")
_USER_PREFIX = "005"


def read_conversion(form: Form, entry: Entry, mapping: OrgMapping) -> ConversionSettings:
    """The conversion's settings; problems go to the form, defaults stand where one was found."""
    settings = ConversionSettings()
    block = form.block(entry.value, "conversion", CONVERSION_KEYS)
    if block is None:
        return settings
    status = _text(form, block, "conversion", "status")
    account, opportunity = block.get("account"), block.get("opportunity")
    duplicates = block.get("duplicates")
    choice = form.word(duplicates, "conversion.duplicates", get_args(Choice)) if duplicates else None
    rules = block.get("validation_rules")
    rule_choice = form.word(rules, "conversion.validation_rules", get_args(RuleChoice)) if rules else None
    return ConversionSettings(
        status=status,
        account=_account(form, account) if account else settings.account,
        opportunity=_opportunity(form, opportunity, mapping) if opportunity else settings.opportunity,
        owner=_user(form, block, "owner", also="lead_owner") or settings.owner,
        queue_owner=_user(form, block, "queue_owner"),
        duplicates=cast("Choice", choice or settings.duplicates),
        validation_rules=cast("RuleChoice", rule_choice or settings.validation_rules),
        overwrite_lead_source=_flag(form, block, "conversion", "overwrite_lead_source"),
        notify_owner=_flag(form, block, "conversion", "notify_owner"),
        place=Place(form.file, entry.line),
    )


def read_limits(form: Form, entry: Entry) -> Limits:
    """The limits; `null` lifts one where lifting makes sense."""
    usual = Limits()
    block = form.block(entry.value, "limits", LIMIT_KEYS)
    if block is None:
        return usual

    def count(key: str, default: int | None, *, low: int) -> int | None:
        found = block.get(key)
        if found is None:
            return default
        return None if is_nothing(found) else form.whole(found, f"limits.{key}", low=low, high=1_000_000)

    def share(key: str, default: float) -> float:
        found = block.get(key)
        read = form.share(found, f"limits.{key}") if found else None
        return default if read is None else read

    def hours(key: str, default: float | None) -> float | None:
        found = block.get(key)
        if found is None:
            return default
        return None if is_nothing(found) else form.hours(found, f"limits.{key}")

    open_share = block.get("share_of_open")
    canary = count("canary", usual.canary, low=0)
    return Limits(
        conversions=count("conversions", usual.conversions, low=0),
        share_of_open=None
        if open_share and is_nothing(open_share)
        else share("share_of_open", usual.share_of_open or 0),
        per_owner=count("per_owner", usual.per_owner, low=1),
        canary=0 if canary is None else canary,
        stop_at_failures=share("stop_at_failures", usual.stop_at_failures),
        api_reserve=share("api_reserve", usual.api_reserve),
        wait_at_reserve_hours=hours("wait_at_reserve", usual.wait_at_reserve_hours),
        max_mirror_age_hours=hours("max_mirror_age", usual.max_mirror_age_hours),
        plan_valid_hours=hours("plan_valid", usual.plan_valid_hours),
        hold_refused_hours=hours("hold_refused", usual.hold_refused_hours),
    )


def _account(form: Form, entry: Entry) -> AccountSettings:
    usual = AccountSettings()
    block = form.block(entry.value, "conversion.account", ACCOUNT_KEYS)
    if block is None:
        return usual
    match, ambiguous = block.get("match"), block.get("ambiguous")
    keys = form.texts(match, "conversion.account.match") if match else None
    for key in keys or ():
        if key not in get_args(AccountKey) and match is not None:
            known = ", ".join(get_args(AccountKey))
            form.problem(match.line, f"conversion.account.match: unknown way to match {key!r}", f"known: {known}")
            keys = None
            break
    word = form.word(ambiguous, "conversion.account.ambiguous", ("hold", "new")) if ambiguous else None
    return AccountSettings(
        match=cast("tuple[AccountKey, ...]", keys) if keys else usual.match,
        ambiguous="new" if word == "new" else "hold",
        free_mail=_free_mail(form, block.get("free_mail")),
    )


def _free_mail(form: Form, entry: Entry | None) -> tuple[str, ...]:
    listed = form.texts(entry, "conversion.account.free_mail") if entry is not None else None
    domains: list[str] = []
    for written in listed or ():
        domain = written.strip().lower()
        if entry is not None and not _DOMAIN.fullmatch(domain):
            form.problem(
                entry.line,
                f"conversion.account.free_mail: {written!r} is no mail domain",
                "write what follows the @, such as 'mail.example'",
            )
            continue
        domains.append(domain)
    return tuple(sorted(set(domains)))


def _opportunity(form: Form, entry: Entry, mapping: OrgMapping) -> OpportunitySettings:
    usual = OpportunitySettings()
    block = form.block(entry.value, "conversion.opportunity", OPPORTUNITY_KEYS)
    if block is None:
        return usual
    name = _text(form, block, "conversion.opportunity", "name")
    if name is not None:
        _check_template(form, name, block, mapping)
    days = block.get("close_in_days")
    return OpportunitySettings(
        create=_create(form, block.get("create")),
        name=name or usual.name,
        stage=_text(form, block, "conversion.opportunity", "stage"),
        close_in_days=form.whole(days, "conversion.opportunity.close_in_days", low=0, high=3_650) if days else None,
        amount=_amount(form, block.get("amount")),
        attach_open=_flag(form, block, "conversion.opportunity", "attach_open"),
        record_type=_text(form, block, "conversion.opportunity", "record_type"),
    )


def _create(form: Form, entry: Entry | None) -> Expression | None:
    if entry is None:
        return None
    value = entry.value
    if isinstance(value, Text) and isinstance(value.value, bool):
        return None if value.value else Expression(NEVER, Place(form.file, value.line))
    return form.expression(entry, "conversion.opportunity.create")


def _amount(form: Form, entry: Entry | None) -> Expression | None:
    if entry is None:
        return None
    value = entry.value
    if isinstance(value, Text) and isinstance(value.value, int | float) and not isinstance(value.value, bool):
        return Expression(value.raw, Place(form.file, value.line))
    return form.expression(entry, "conversion.opportunity.amount")


def _check_template(form: Form, name: str, block: Block, mapping: OrgMapping) -> None:
    entry = block.get("name")
    line = entry.line if entry else block.line
    fields = mapping["lead"].fields
    for hole in _HOLE.findall(name):
        if hole not in fields:
            form.problem(line, f"conversion.opportunity.name: {{{hole}}} is no mapped field of Lead", "e.g. {company}")
    if re.search(r"[{}]", _HOLE.sub("", name)):
        form.problem(line, "conversion.opportunity.name: has a brace without its partner")


def _user(form: Form, block: Block, key: str, *, also: str | None = None) -> str | None:
    name = _text(form, block, "conversion", key)
    if name is None or name == also:
        return name
    as_id = normal_id(name)
    if as_id is not None and as_id.startswith(_USER_PREFIX):
        return as_id
    if not _USERNAME.fullmatch(name):
        entry = block.get(key)
        ways = "a user's id or username" + (f", or {also}" if also else "")
        form.problem(entry.line if entry else block.line, f"conversion.{key}: {name!r} is no user", f"write {ways}")
    return name


def _text(form: Form, block: Block, where: str, key: str) -> str | None:
    entry = block.get(key)
    return None if entry is None else form.text(entry, f"{where}.{key}")


def _flag(form: Form, block: Block, where: str, key: str) -> bool:
    entry = block.get(key)
    return bool(form.yes_no(entry, f"{where}.{key}")) if entry else False
