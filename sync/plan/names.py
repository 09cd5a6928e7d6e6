"""When two companies, mailboxes or web sites count as the same: the normal forms that matching compares.

Each form exists twice, as Python for the few leads at hand and as DuckDB SQL for the many accounts of the mirror; a
test holds the two together. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from sync.plan.free_mail import FREE_MAIL_DOMAINS

LEGAL_FORMS = (  # noqa: SIM905 -- a list that people read and extend
    "ab ag aps as asa bv bvba co company corp corporation cv dac doo eeig eg eirl eurl ev fze gbr gesmbh gmbh inc "
    "incorporated kft kg kgaa kk lda limitada limited llc llp lp ltd ltda nv ohg ou oy oyj partg plc pllc pte pty pvt "
    "sa sarl sas sasu sc se sl slu spa spolka srl sro ug ulc zoo"
).split()
"""Endings that say what a company legally is, not which one it is; dots are gone by then (`S.A.` is `sa`)."""

_JOINED = r"[.'’`´]+"
_APART = r"[^\p{L}\p{N}]+"
_ENDING = "( (and|a s|" + "|".join(LEGAL_FORMS) + "))+$"
_ARTICLE = "^the "
_HOST = r"^\s*(?:[a-z][a-z0-9+.-]*:)?(?://)?(?:[^/@]*@)?(?:www\.)?([^/:?#\s]+)"


def company_key(name: str | None) -> str | None:
    """The company behind a written name: `The Acme Corp., Inc.` → `acme`; `None` when nothing is left to compare.

    Accents, case, punctuation, a leading *the*, and legal forms at the end don't distinguish companies.
    """
    if name is None:
        return None
    bare = "".join(c for c in unicodedata.normalize("NFD", name) if unicodedata.category(c) != "Mn").lower()
    bare = bare.replace("ß", "ss")  # in capitals it is written so
    bare = re.sub(_JOINED, "", bare).replace("&", " and ").replace("+", " and ")
    words = "".join(c if unicodedata.category(c)[0] in "LN" else " " for c in bare).split()
    key = re.sub(_ENDING, "", " ".join(words))
    return re.sub(_ARTICLE, "", key) or None


def company_key_sql(column: str) -> str:
    """`company_key` as a DuckDB expression over `column` (an SQL expression of type VARCHAR)."""
    joined = f"regexp_replace(replace(lower(strip_accents({column})), 'ß', 'ss'), {_quoted(_JOINED)}, '', 'g')"
    words = f"trim(regexp_replace(replace(replace({joined}, '&', ' and '), '+', ' and '), {_quoted(_APART)}, ' ', 'g'))"
    key = f"regexp_replace({words}, {_quoted(_ENDING)}, '')"
    return f"nullif(regexp_replace({key}, {_quoted(_ARTICLE)}, ''), '')"


def email_domain(address: str | None, free_mail: Collection[str] = ()) -> str | None:
    """The mail domain in lower case; `None` for no address, and for mail services that say nothing of the company.

    `free_mail` are domains of such services beside those that are known anyway.
    """
    if address is None or address.count("@") != 1:
        return None
    domain = address.strip().lower().rpartition("@")[2].rstrip(".")
    return domain if "." in domain and not _is_free(domain, free_mail) else None


def email_domain_sql(column: str, free_mail: Collection[str] = ()) -> str:
    """`email_domain` as a DuckDB expression over `column`."""
    domain = f"rtrim(split_part(lower(trim({column})), '@', 2), '.')"
    free = _free_sql(free_mail)
    fits = f"len({column}) - len(replace({column}, '@', '')) = 1 AND contains({domain}, '.')"
    return f"CASE WHEN {fits} AND {domain} NOT IN ({free}) THEN {domain} END"


def website_host(address: str | None, free_mail: Collection[str] = ()) -> str | None:
    """The host of a web address without `www.`: `https://www.Acme.example/en` → `acme.example`."""
    found = re.match(_HOST, address.lower()) if address else None
    host = found.group(1).rstrip(".") if found else ""
    return host if "." in host and not _is_free(host, free_mail) else None


def website_host_sql(column: str, free_mail: Collection[str] = ()) -> str:
    """`website_host` as a DuckDB expression over `column`."""
    host = f"rtrim(regexp_extract(lower({column}), {_quoted(_HOST)}, 1), '.')"
    free = _free_sql(free_mail)
    return f"CASE WHEN contains({host}, '.') AND {host} NOT IN ({free}) THEN {host} END"


def _is_free(domain: str, more: Collection[str]) -> bool:
    return domain in FREE_MAIL_DOMAINS or domain in more


def _free_sql(more: Collection[str]) -> str:
    return ", ".join(_quoted(name) for name in sorted(FREE_MAIL_DOMAINS.union(more)))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
