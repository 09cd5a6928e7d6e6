"""What a client that is not ours is told of the org that it talks to."""

from __future__ import annotations

from dataclasses import dataclass

from sync.mockorg import MockOrg
from sync.mockorg.server import Server


@dataclass(frozen=True, kw_only=True)
class Served:
    """A mock org and where it listens."""

    mock: MockOrg
    server: Server

    @property
    def url(self) -> str:
        """The address of the org."""
        return self.server.url

    @property
    def ca_file(self) -> str:
        """The certificate authority to trust, for an org on https."""
        assert self.server.ca_file is not None
        return str(self.server.ca_file)
