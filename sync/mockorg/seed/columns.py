"""The columns of each file of the seed world, in the order in which an export has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_SYSTEM = ("CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp")
_HISTORY = ("CreatedById", "CreatedDate", "Field", "DataType", "OldValue", "NewValue", "IsDeleted")

COLUMNS: Mapping[str, tuple[str, ...]] = {
    object_name: tuple(text.split()) + more
    for object_name, text, more in (
        (
            "Lead",
            """Id IsDeleted MasterRecordId Salutation FirstName LastName Name Title Company Street City State
            Country Phone MobilePhone Email Website LeadSource Description Status Industry Rating AnnualRevenue
            NumberOfEmployees OwnerId RecordTypeId IsConverted ConvertedDate ConvertedAccountId
            ConvertedContactId ConvertedOpportunityId IsUnreadByOwner LastActivityDate
            Pricing_Discussed__c Budget__c Decision_Maker__c Need_Identified__c Pain_Point__c
            Purchase_Timeline__c Priority__c Meeting_Agreed__c Product_Interest__c""",
            _SYSTEM,
        ),
        (
            "Account",
            """Id IsDeleted Name Type Industry Website Phone NumberOfEmployees AnnualRevenue BillingStreet
            BillingCity BillingState BillingPostalCode BillingCountry OwnerId""",
            _SYSTEM,
        ),
        (
            "Contact",
            """Id IsDeleted AccountId FirstName LastName Name Title Email Phone MailingCity MailingState
            MailingCountry OwnerId Decision_Maker__c""",
            _SYSTEM,
        ),
        (
            "Opportunity",
            """Id IsDeleted AccountId IsPrivate Name StageName Amount Probability ExpectedRevenue CloseDate Type
            NextStep LeadSource IsClosed IsWon ForecastCategory ForecastCategoryName
            HasOpportunityLineItem Fiscal FiscalYear FiscalQuarter LastStageChangeDate OwnerId
            Budget__c Product_Interest__c""",
            _SYSTEM,
        ),
        ("OpportunityContactRole", "Id IsDeleted OpportunityId ContactId Role IsPrimary", _SYSTEM),
        (
            "Task",
            """Id IsDeleted WhoId WhatId AccountId Subject ActivityDate Status Priority IsHighPriority OwnerId
            Description IsClosed IsArchived TaskSubtype CallType CallDurationInSeconds
            CompletedDateTime""",
            _SYSTEM,
        ),
        (
            "Event",
            """Id IsDeleted WhoId WhatId AccountId Subject Location IsAllDayEvent ActivityDateTime ActivityDate
            DurationInMinutes StartDateTime EndDateTime EndDate Description OwnerId ShowAs IsPrivate
            IsChild IsGroupEvent IsArchived""",
            _SYSTEM,
        ),
        ("Campaign", "Id IsDeleted Name Type Status IsActive StartDate EndDate OwnerId", _SYSTEM),
        ("CampaignMember", "Id IsDeleted CampaignId LeadId ContactId Status HasResponded FirstRespondedDate", _SYSTEM),
        ("LeadHistory", "Id LeadId", _HISTORY),
        (
            "OpportunityHistory",
            """Id IsDeleted OpportunityId StageName Amount ExpectedRevenue CloseDate Probability ForecastCategory
            CreatedById CreatedDate SystemModstamp""",
            (),
        ),
        ("OpportunityFieldHistory", "Id OpportunityId", _HISTORY),
    )
}
