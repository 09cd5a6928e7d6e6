"""What a `convertLead` call asks and answers, one value per lead (partner WSDL 58 names and defaults)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .errors import RowError


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadConvert:
    """One lead to convert. None is an element that was left out or sent as `xsi:nil`.

    `internal_use` names the elements for Salesforce's own use that the client sent with a value (accountRecord,
    bypassAccountDedupeCheck, relatedPersonAccountId …); a lead that carries any is refused as not modelled.
    """

    lead_id: str | None
    converted_status: str | None
    account_id: str | None = None
    contact_id: str | None = None
    opportunity_id: str | None = None
    opportunity_name: str | None = None
    owner_id: str | None = None
    do_not_create_opportunity: bool = False
    overwrite_lead_source: bool = False
    send_notification_email: bool = False
    internal_use: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertHeaders:
    """The SOAP headers that change what convertLead does."""

    duplicates_allow_save: bool = False
    duplicates_include_record_details: bool = False
    duplicates_run_as_current_user: bool = True
    allow_field_truncation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadConvertResult:
    """What became of one lead. On failure every id is None, as clients have seen; match results by position."""

    success: bool
    lead_id: str | None = None
    account_id: str | None = None
    contact_id: str | None = None
    opportunity_id: str | None = None
    errors: tuple[RowError, ...] = ()
