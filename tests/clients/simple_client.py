"""What the tests with simple-salesforce share: names that lead to the socket, and records made through the client."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce

API = "64.0"  # the last version with SOAP login
MY_DOMAIN = "leadgate-mock.my"


class NameLookup(HTTPAdapter):
    """What a hosts file would do: Salesforce's names lead to the loopback address, and the Host header keeps them."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        assert request.url is not None
        asked = requests.utils.urlparse(request.url)
        request.headers["Host"] = asked.netloc
        request.url = self._url + request.url.split(asked.netloc, 1)[1]
        return super().send(request, *args, **kwargs)


def collection(sf: Salesforce, method: str, *records: Mapping[str, Any], all_or_none: bool = False) -> Any:
    body = {"allOrNone": all_or_none, "records": [{"attributes": {"type": "Lead"}, **each} for each in records]}
    return sf.restful("composite/sobjects", method=method, data=json.dumps(body))


def leads(sf: Salesforce, count: int, **values: Any) -> list[str]:
    made = []
    for start in range(0, count, 200):
        rows = [{"LastName": f"Test {n}", "Company": "Acme", **values} for n in range(start, min(start + 200, count))]
        made += [each["id"] for each in collection(sf, "POST", *rows)]
    return made


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))
