"""A logged-in client for the tests of the doors, and the few calls that most of them make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests

from sync.mockorg import MockOrg


@dataclass
class Client:
    """A logged-in client of one org: paths are relative to one API version's root."""

    mock: MockOrg
    base: str
    http: requests.Session
    version: str = "66.0"

    def url(self, path: str) -> str:
        return path if path.startswith("http") else f"{self.base}/services/data/v{self.version}{path}"

    def call(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        return self.http.request(method, self.url(path), timeout=kwargs.pop("timeout", 10), **kwargs)

    def get(self, path: str, **kwargs: Any) -> requests.Response:
        return self.call("GET", path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> requests.Response:
        return self.call("POST", path, **kwargs)

    def patch(self, path: str, **kwargs: Any) -> requests.Response:
        return self.call("PATCH", path, **kwargs)

    def put(self, path: str, **kwargs: Any) -> requests.Response:
        return self.call("PUT", path, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> requests.Response:
        return self.call("DELETE", path, **kwargs)

    def query(self, soql: str, **kwargs: Any) -> Any:
        answer = self.get("/query", params={"q": soql}, **kwargs)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def lead(self, **fields: object) -> str:
        """The id of a new lead."""
        return self.new("Lead", **{"LastName": "Doe", "Company": "Acme", **fields})

    def new(self, object_name: str, **fields: object) -> str:
        """The id of a new record."""
        answer = self.post(f"/sobjects/{object_name}", json=fields)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def login_as(self, username: str) -> Client:
        return logged_in(self.mock, self.base, username)


def logged_in(mock: MockOrg, base: str, username: str | None = None) -> Client:
    http = requests.Session()
    http.trust_env = False
    http.headers["Authorization"] = f"Bearer {mock.login(username)}"
    return Client(mock, base, http)
