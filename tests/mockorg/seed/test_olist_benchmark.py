from __future__ import annotations

import csv
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

import pytest

from sync.mapping import load_mapping
from sync.mockorg.org_schema import build_schema
from sync.mockorg.org_yaml import read_settings
from sync.policy.loader import load_policy_text

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "olist.py"
CONTACT = {"first_contact_date": "2018-02-01", "landing_page_id": "1" * 32, "origin": "social"}
DEAL = {
    "seller_id": "2" * 32,
    "sdr_id": "3" * 32,
    "sr_id": "4" * 32,
    "won_date": "2018-05-01 18:04:19",
    "business_segment": "pet",
    "lead_type": "online_big",
    "lead_behaviour_profile": "cat",
    "has_company": "",
    "has_gtin": "",
    "average_stock": "",
    "business_type": "manufacturer",
    "declared_product_catalog_size": "",
    "declared_monthly_revenue": "0.0",
}


@pytest.fixture(scope="module")
def olist() -> ModuleType:
    spec = importlib.util.spec_from_file_location("olist", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["olist"] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module


def write(path: Path, lines: Sequence[Mapping[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)


def selection(
    olist: ModuleType, contact: Mapping[str, str] | None = None, deal: Mapping[str, str] | None = None
) -> list[str | None]:
    """The amounts of what the rule selects of one deal that differs from a good one by what is given."""
    lead = {"mql_id": "a" * 32, **CONTACT, **(contact or {})}
    won = {"mql_id": "a" * 32, **DEAL, **(deal or {})}
    return [each.amount for each in olist.selected([lead], [won])]


def test_a_deal_that_fits_is_selected_without_an_opportunity(olist: ModuleType) -> None:
    assert selection(olist) == [None]


@pytest.mark.parametrize(
    "deal",
    [
        {"won_date": "2018-02-28 23:59:59"},
        {"won_date": "2018-11-01 00:00:00"},
        {"lead_type": "offline"},
        {"lead_type": ""},
        {"business_type": "reseller"},
        {"business_type": ""},
        {"business_type": "", "declared_product_catalog_size": "49.0"},
    ],
)
def test_what_misses_one_condition_or_leaves_it_unknown_is_not_selected(
    olist: ModuleType, deal: Mapping[str, str]
) -> None:
    assert selection(olist, deal=deal) == []


@pytest.mark.parametrize(
    "contact", [{"origin": ""}, {"origin": "unknown"}, {"origin": "other"}, {"first_contact_date": "2017-08-03"}]
)
def test_an_unknown_origin_or_a_contact_too_long_ago_is_not_selected(
    olist: ModuleType, contact: Mapping[str, str]
) -> None:
    assert selection(olist, contact=contact) == []


@pytest.mark.parametrize(
    ("deal", "amount"),
    [
        ({"won_date": "2018-03-01 00:00:00"}, None),
        ({"won_date": "2018-10-29 00:00:00"}, None),
        ({"business_type": "", "declared_product_catalog_size": "50.0"}, None),
        ({"business_type": "", "declared_monthly_revenue": "20000.0"}, "20000.0"),
    ],
)
def test_the_edges_are_inside_and_one_sign_of_volume_is_enough(
    olist: ModuleType, deal: Mapping[str, str], amount: str | None
) -> None:
    assert selection(olist, deal=deal) == [amount]


@pytest.fixture
def written(olist: ModuleType, tmp_path: Path) -> Path:
    source = tmp_path / "source"
    source.mkdir()
    write(source / olist.LEADS_FILE, [{"mql_id": letter * 32, **CONTACT} for letter in "abc"])
    write(source / olist.DEALS_FILE, [{"mql_id": "b" * 32, **DEAL}])
    olist.main([str(source), str(tmp_path / "out"), "--expected", str(tmp_path / "expected.csv")])
    return tmp_path


def test_the_working_folder_holds_a_policy_that_leadgate_understands(written: Path) -> None:
    mapping = load_mapping(written / "out" / "work" / "mappings")
    file = written / "out" / "work" / "config" / "readiness.yaml"
    assert load_policy_text(file.read_text(encoding="utf-8"), str(file), mapping).name == "olist-won-deals"


def test_the_world_has_only_columns_of_its_org_and_refers_to_its_users(written: Path) -> None:
    folder = written / "out" / "data"
    settings = read_settings((folder / "org.yaml").read_text(encoding="utf-8"))
    schema = build_schema(settings)
    users = {each.username for each in settings.users}
    for name, count in (("Lead", 3), ("Task", 4)):
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
        assert len(lines) == count
        assert [column for column in lines[0] if schema.object(name).field(column) is None] == []
        assert {line["OwnerId"] for line in lines} <= users


def test_the_mapping_speaks_of_fields_that_the_org_has(written: Path) -> None:
    schema = build_schema(read_settings((written / "out" / "data" / "org.yaml").read_text(encoding="utf-8")))
    mapped = load_mapping(written / "out" / "work" / "mappings")["lead"].fields.values()
    assert [field.api_name for field in mapped if schema.object("Lead").field(field.api_name) is None] == []


def test_the_expected_file_lists_what_the_rule_selects(written: Path) -> None:
    assert (written / "expected.csv").read_text(encoding="utf-8") == f"mql_id,amount\n{'b' * 32},\n"


def test_a_folder_without_the_data_set_is_refused_by_name(
    olist: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        olist.main([str(tmp_path), str(tmp_path / "out")])
    assert "lacks olist_marketing_qualified_leads_dataset.csv" in capsys.readouterr().err
