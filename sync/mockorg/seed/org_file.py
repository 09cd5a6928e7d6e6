"""The seed world's org.yaml: custom fields, users, queues, lead process, rules, and what a conversion keeps.

The settings make the planted obstacles real: contacts need a phone number, opportunities a product interest, a
contact's namesake is blocked, and partner leads have no converted status. `Budget__c`, `Product_Interest__c` and
`Decision_Maker__c` have a target in the lead field mapping; the other custom fields of a lead are lost on conversion.
"""

from __future__ import annotations

import io
from typing import Any

from ruamel.yaml import YAML

from . import staff, words

PRODUCT_VALUES = list(words.PRODUCTS)
LEAD_FIELDS: list[dict[str, Any]] = [
    {"name": "Pricing_Discussed__c", "label": "Pricing Discussed", "type": "boolean"},
    {"name": "Budget__c", "label": "Budget", "type": "currency"},
    {"name": "Decision_Maker__c", "label": "Decision Maker", "type": "boolean"},
    {"name": "Need_Identified__c", "label": "Need Identified", "type": "boolean"},
    {"name": "Pain_Point__c", "label": "Pain Point", "type": "string", "length": 255},
    {"name": "Purchase_Timeline__c", "label": "Purchase Timeline", "type": "date"},
    {"name": "Priority__c", "label": "Priority", "type": "picklist", "picklist": ["High", "Medium", "Low"]},
    {"name": "Meeting_Agreed__c", "label": "Meeting Agreed", "type": "boolean"},
    {"name": "Product_Interest__c", "label": "Product Interest", "type": "picklist", "picklist": PRODUCT_VALUES},
]
OPPORTUNITY_FIELDS: list[dict[str, Any]] = [
    {"name": "Budget__c", "label": "Budget", "type": "currency"},
    {
        "name": "Product_Interest__c",
        "label": "Product Interest",
        "type": "picklist",
        "picklist": PRODUCT_VALUES,
        "required": True,
    },
]
CONTACT_FIELDS: list[dict[str, Any]] = [{"name": "Decision_Maker__c", "label": "Decision Maker", "type": "boolean"}]
_STATUSES = ["Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted"]


def org_yaml() -> str:
    """The text of the world's org.yaml."""
    everybody = ["System Administrator", "Standard User"]
    settings: dict[str, Any] = {
        "organization": {"name": "Northgate Sales", "timezone": "America/New_York"},
        "roles": list(dict.fromkeys(each.role for each in staff.STAFF)),
        "users": [_user(each) for each in staff.STAFF],
        "queues": [
            {
                "name": queue.name,
                "developer_name": queue.developer_name,
                "objects": ["Lead"],
                "members": [each.username for each in staff.SELLERS if each.role == "Sales Development"],
            }
            for queue in staff.QUEUES
        ],
        "custom_fields": {"Lead": LEAD_FIELDS, "Opportunity": OPPORTUNITY_FIELDS, "Contact": CONTACT_FIELDS},
        "record_types": {
            "Lead": [
                {"name": "Business", "values": list(_STATUSES), "default_for": everybody},
                {"name": "Partner", "values": [each for each in _STATUSES if each != "Closed - Converted"]},
            ]
        },
        "tracked_fields": {
            "Lead": ["Status", "OwnerId", "Pricing_Discussed__c"],
            "Opportunity": ["StageName", "Amount", "CloseDate", "OwnerId"],
        },
        "validation_rules": [
            {
                "object": "Contact",
                "name": "Contact_Needs_Phone",
                # Who asks decides too, as in many orgs: a rule that no client can foretell for sure.
                "condition": 'AND(ISBLANK(Phone), ISBLANK(MobilePhone), $Profile.Name <> "Data Migration")',
                "message": "A contact needs a phone number.",
                "field": "Phone",
            }
        ],
        "duplicate_rules": [
            {
                "name": "Contacts with the same name",
                "object": "Contact",
                "match": ["FirstName", "LastName"],
                "action": "block",
                "operations": ["create"],
                "message": "Somebody of this name is a contact already.",
            }
        ],
        "conversion": {
            "field_mapping": {
                "Budget__c": ["Opportunity.Budget__c"],
                "Product_Interest__c": ["Opportunity.Product_Interest__c"],
                "Decision_Maker__c": ["Contact.Decision_Maker__c"],
            }
        },
        "credentials": {"run_as": staff.INTEGRATION.username},
    }
    text = io.StringIO()
    writer = YAML()
    writer.width = 120
    writer.indent(mapping=2, sequence=4, offset=2)
    writer.representer.ignore_aliases = lambda _data: True
    writer.dump(settings, text)
    return "# The org that the records beside this file belong to.\n" + text.getvalue()


def _user(each: staff.Colleague) -> dict[str, Any]:
    user: dict[str, Any] = {
        "username": each.username,
        "first_name": each.first_name,
        "last_name": each.last_name,
        "email": each.username,
        "profile": each.profile,
        "role": each.role,
        "timezone": each.timezone,
    }
    if not each.active:
        user["active"] = False
    return user
