from __future__ import annotations

import re
from importlib.resources import files

import duckdb
import pytest

from sync.plan.free_mail import FREE_MAIL_DOMAINS
from sync.plan.names import (
    company_key,
    company_key_sql,
    email_domain,
    email_domain_sql,
    website_host,
    website_host_sql,
)

COMPANIES = {
    "Acme": "acme",
    "STRASSENBAU Huber": "strassenbau huber",
    "Straßenbau Huber AG": "strassenbau huber",
    "ACME, Inc.": "acme",
    "The Acme Corp., Inc.": "acme",
    "Acme S.A.": "acme",
    "Müller GmbH & Co. KG": "muller",
    "Procter & Gamble": "procter and gamble",
    "Procter and Gamble Company": "procter and gamble",
    "Lowe's": "lowes",
    "Maersk A/S": "maersk",
    "Inc": "inc",
    "The Limited": "the",
    "株式会社日立": "株式会社日立",
    "Étoile-du-Nord SARL": "etoile du nord",
    "  ": None,
    "...": None,
    "Coca-Cola Co": "coca cola",
    "Company 3": "company 3",
}

ADDRESSES = {
    "Ann@Acme.Example": "acme.example",
    " bob@mail.acme.example. ": "mail.acme.example",
    "x@gmail.com": None,
    "X@GMX.de": None,
    "no-at-sign": None,
    "two@at@signs.example": None,
    "local@host": None,
}

SITES = {
    "https://www.Acme.example/en?x=1": "acme.example",
    "acme.example": "acme.example",
    "www.acme.example": "acme.example",
    "HTTP://acme.example:8080": "acme.example",
    "https://user:pw@acme.example/": "acme.example",
    "//shop.acme.example": "shop.acme.example",
    "n/a": None,
    "gmail.com": None,
}


@pytest.mark.parametrize(("name", "key"), COMPANIES.items())
def test_a_company_is_known_by_its_name_without_legal_form_case_and_accents(name: str, key: str | None) -> None:
    assert company_key(name) == key


@pytest.mark.parametrize(("address", "domain"), ADDRESSES.items())
def test_a_mail_domain_speaks_for_a_company_unless_it_is_a_free_mail_service(address: str, domain: str | None) -> None:
    assert email_domain(address) == domain


@pytest.mark.parametrize(("address", "host"), SITES.items())
def test_a_web_site_is_known_by_its_host(address: str, host: str | None) -> None:
    assert website_host(address) == host


@pytest.mark.parametrize(
    ("sql", "cases"),
    [(company_key_sql, COMPANIES), (email_domain_sql, ADDRESSES), (website_host_sql, SITES)],
    ids=["company", "email", "website"],
)
def test_the_mirror_computes_the_same_normal_forms_in_sql(sql, cases) -> None:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE t (x VARCHAR)")
    connection.executemany("INSERT INTO t VALUES (?)", [[text] for text in cases])
    assert dict(connection.execute(f"SELECT x, {sql('x')} FROM t").fetchall()) == cases  # noqa: S608 -- our own text


def test_a_domain_that_the_policy_calls_free_speaks_for_no_company_either() -> None:
    own = ("uni.example", "isp.example")
    assert email_domain("ann@UNI.example", own) is None
    assert website_host("https://www.uni.example/~ann", own) is None
    assert email_domain("ann@acme.example", own) == "acme.example"
    connection = duckdb.connect()
    for sql, text in ((email_domain_sql, "ann@uni.example"), (website_host_sql, "www.uni.example")):
        asked = f"SELECT {sql('x', own)}, {sql('x')} FROM (SELECT ? AS x)"  # noqa: S608 -- our own text
        assert connection.execute(asked, [text]).fetchone() == (None, "uni.example")


def test_the_list_of_free_mail_services_is_clean() -> None:
    lines = files("sync.plan").joinpath("free_mail.txt").read_text("utf-8").splitlines()
    domains = [line for line in lines if not line.startswith("#")]
    assert domains == sorted(set(domains)), "in order, each once"
    assert all(re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", domain) for domain in domains)
    assert frozenset(domains) == FREE_MAIL_DOMAINS
    assert {"gmail.com", "web.de", "qq.com"} <= FREE_MAIL_DOMAINS
    assert len(FREE_MAIL_DOMAINS) > 400


def test_no_value_has_no_normal_form() -> None:
    assert company_key(None) is None
    assert email_domain(None) is None
    assert website_host(None) is None
    null = duckdb.connect().execute(f"SELECT {company_key_sql('NULL::VARCHAR')}, {email_domain_sql('NULL::VARCHAR')}")
    assert null.fetchone() == (None, None)
