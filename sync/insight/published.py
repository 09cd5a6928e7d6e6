"""Published figures that funnels are often held against; shown only on request, and never as a target.

They come from other companies, with other definitions of a lead and other years, mostly from vendors. One org's rates
can be well above or below all of them for no other reason than what it calls a lead.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A figure of somebody else's."""

    what: str
    figure: str
    source: str


PUBLISHED = (
    Published(
        what="lead to opportunity",
        figure="13 % on average, after 84 days",
        source="Implisit, of Salesforce customers, mid-2010s",
    ),
    Published(what="opportunity to won", figure="15–30 %", source="several vendors' tables, definitions differ"),
    Published(
        what="opportunity to won", figure="6 %, after 18 days", source="Implisit, mid-2010s, defined differently"
    ),
    Published(
        what="lead to marketing-qualified", figure="20–40 %", source="vendors' tables, not the same step as ours"
    ),
    Published(
        what="first response, average in B2B",
        figure="about 42 h",
        source="widely repeated, from about 2011",
    ),
    Published(
        what="no response at all to a demo request",
        figure="63.5 % of 1,000 software firms",
        source="RevenueHero 2024, a vendor",
    ),
)
