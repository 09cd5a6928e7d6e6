"""Record types: which one a new record gets, and which values its process allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .behaviours import behaviour

if TYPE_CHECKING:
    from .access import User
    from .org import Org
    from .schema import ObjectType, RecordTypeInfo
    from .settings import RecordTypeSetting


def _settings_of(org: Org, type_: ObjectType) -> tuple[RecordTypeSetting, ...]:
    return org.settings.record_types.get(type_.name, ())


def usable_record_types(type_: ObjectType, user: User, org: Org) -> tuple[RecordTypeInfo, ...]:
    """The active record types that the user's profile may use; without any setting all of them."""
    infos = {each.name: each for each in type_.record_types if each.active and not each.master}
    return tuple(
        infos[given.name]
        for given in _settings_of(org, type_)
        if given.name in infos and (given.available_to is None or user.profile in given.available_to)
    )


def default_record_type(type_: ObjectType, user: User, org: Org) -> str | None:
    """The id of the record type that the user's new records get, None for the master."""
    usable = {each.name: each for each in usable_record_types(type_, user, org)}
    chosen = [
        given.name for given in _settings_of(org, type_) if user.profile in given.default_for and given.name in usable
    ]
    return usable[chosen[0]].id if chosen else None


@behaviour("lead process narrows the converted statuses", "uncertain", "field practice")
def allowed_values(org: Org, type_: ObjectType, record_type_id: object) -> frozenset[str] | None:
    """The lead statuses or stages that a record type's process holds; None when nothing is narrowed."""
    info = next((each for each in type_.record_types if each.id == record_type_id), None)
    given = next((each for each in _settings_of(org, type_) if info is not None and each.name == info.name), None)
    return frozenset(given.values) if given is not None and given.values else None
