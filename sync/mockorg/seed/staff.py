"""Who works in the seed world's org: administrator, integration user, sellers, two who have left, and the queues."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Colleague:
    """One user of org.yaml, whom the records' OwnerId and CreatedById columns name by username."""

    first_name: str
    last_name: str
    role: str
    timezone: str
    active: bool = True
    profile: str = "Standard User"
    domain: str = "northgate-sales.example"

    @property
    def username(self) -> str:
        """The username, which is also the e-mail address."""
        return f"{self.first_name}.{self.last_name}@{self.domain}".lower()

    @property
    def key(self) -> str:
        """What stands in a reference column for this user."""
        return self.username


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue of org.yaml that owns leads until somebody takes them; named by its developer name."""

    name: str
    developer_name: str

    @property
    def key(self) -> str:
        """What stands in a reference column for this queue."""
        return self.developer_name


ADMIN = Colleague("Ada", "Admin", "Administration", "America/New_York", profile="System Administrator")
INTEGRATION = Colleague("Lena", "Gateway", "Administration", "UTC", profile="System Administrator")
MANAGER = Colleague("Ruth", "Castellan", "Sales Management", "America/New_York")
SELLERS = (
    Colleague("Miles", "Hargrove", "Sales Americas", "America/Chicago"),
    Colleague("Tessa", "Lindholm", "Sales Americas", "America/New_York"),
    Colleague("Rashid", "Benali", "Sales EMEA", "Europe/Paris"),
    Colleague("Ilse", "Vandermeer", "Sales EMEA", "Europe/Amsterdam"),
    Colleague("Jorge", "Salvatierra", "Sales Americas", "America/Sao_Paulo"),
    Colleague("Katrin", "Oberhofer", "Sales EMEA", "Europe/Berlin"),
    Colleague("Nadine", "Achterberg", "Sales Development", "Europe/Amsterdam"),
    Colleague("Dylan", "Prescott", "Sales Development", "America/Denver"),
)
LEAVERS = (
    Colleague("Gordon", "Pickering", "Sales Americas", "America/Chicago", active=False),
    Colleague("Simone", "Delavigne", "Sales EMEA", "Europe/Paris", active=False),
)
STAFF = (ADMIN, INTEGRATION, MANAGER, *SELLERS, *LEAVERS)
USER_KEYS = frozenset(each.key for each in STAFF)
QUEUES = (Queue("Inbound Web Leads", "Inbound_Web_Leads"), Queue("Partner Leads", "Partner_Leads"))
