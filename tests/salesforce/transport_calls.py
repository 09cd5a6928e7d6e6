"""Calls that the tests of the transport make."""

from __future__ import annotations

from pydantic import SecretStr
from stubbed_web import OPAQUE

from sync.org_settings import AccessToken, OrgSettings
from sync.salesforce.client import SalesforceClient, open_org
from sync.salesforce.org import Answer, RecordUpdate

LEAD = "00Q000000000001EAA"


def update(org: SalesforceClient, text: str = "x") -> Answer:
    (answer,) = org.update([RecordUpdate(object="Lead", id=LEAD, values={"Title": text})])
    return answer


def at(url: str, slept: list[float]) -> SalesforceClient:
    credentials = AccessToken(token=SecretStr(OPAQUE), instance_url=url)
    settings = OrgSettings(name="x", credentials=credentials, connect_timeout=2, read_timeout=2)
    return open_org(settings, sleep=slept.append)
