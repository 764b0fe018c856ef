"""dataset_etl on the other datasets: what their contracts ask beyond what order lines do."""

from dataclasses import replace
from datetime import date

import pytest

from cartlake import contracts
from cartlake.runs.documents import Manifest
from lambdas.data_quality_check.domain import judge

pytestmark = pytest.mark.spark

CUSTOMER = {
    "customer_id": "CUS-0000001",
    "source_system": "shop",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "email": "ada@example.org",
    "phone": "+4930123456",
    "birth_date": "1985-12-10",
    "street": "Hauptstrasse 12",
    "postal_code": "10115",
    "city": "Berlin",
    "country_code": "DE",
    "marketing_consent": "true",
    "registered_at": "2025-01-01T00:00:00Z",
    "updated_at": "2026-02-01T08:00:00Z",
}
RATE = {"rate_date": "2026-02-20", "currency": "USD", "rate": "1.0856", "updated_at": "2026-02-20T15:00:00Z"}
REVIEW = {
    "review_id": "REV-0000000001",
    "order_id": "ORD-00000A17F3",
    "customer_id": "CUS-0004211",
    "product_id": "PRD-00042",
    "purchased_on": "2026-02-01",
    "rating": "4",
    "title": "Good",
    "body": "Write to ada@example.org",
    "reviewed_at": "2026-02-10T08:00:00Z",
    "updated_at": "2026-02-10T08:00:00Z",
}


@pytest.fixture(params=["spark_lake", "light_lake"])
def lake(request):
    """A lake of each engine."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def of(lake):
    """A way to load files of another dataset into the same lake."""
    return lambda dataset: replace(lake, dataset=dataset, files=[])


def verdict(dataset, report):
    """What data_quality_check says of the report."""
    files = [file.model_dump() for file in report.files]
    manifest = Manifest.model_construct(files=[type("File", (), {"file_id": file["file_id"]}) for file in files])
    return judge(report, manifest, contracts.load(dataset).table.table_rules)


def customers(count, **changes):
    return [CUSTOMER | {"customer_id": f"CUS-{number:07d}"} | changes for number in range(count)]


def test_a_file_of_customers_whose_street_and_city_changed_places_is_not_published(of):
    swapped = [row | {"street": row["city"], "city": row["street"]} for row in customers(10)]

    good = of("customers").load("good.csv", *customers(10))
    bad = of("customers").load("swapped.csv", *(row | {"updated_at": "2026-02-02T08:00:00Z"} for row in swapped))

    assert verdict("customers", good).passed
    assert {failure.rule for failure in verdict("customers", bad).failures} == {
        "street_mostly_has_a_number",
        "city_rarely_has_a_number",
    }


def test_versions_of_a_customer_are_kept_side_by_side(of):
    lake = of("customers")
    lake.load("first.csv", CUSTOMER)

    report = lake.load("moved.csv", CUSTOMER | {"city": "Hamburg", "updated_at": "2026-02-03T08:00:00Z"})

    assert [row["city"] for row in sorted(lake.rows(), key=lambda row: row["updated_at"])] == ["Berlin", "Hamburg"]
    assert report.touched_days == ["2026-02-03"]


def test_a_corrected_rate_replaces_the_day_it_is_of(of):
    lake = of("fx_rates")
    lake.load("first.csv", RATE, RATE | {"rate_date": "2026-02-19"})

    report = lake.load("corrected.csv", RATE | {"rate": "1.2", "updated_at": "2026-02-21T15:00:00Z"})

    assert {str(row["rate_date"]): float(row["rate"]) for row in lake.rows()} == {
        "2026-02-19": 1.0856,
        "2026-02-20": 1.2,
    }
    assert report.touched_days == ["2026-02-20"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"rate_date": "2199-01-01"}, "rate_date_not_in_future", id="year 2199"),
        pytest.param({"rate": "-1.1"}, "rate_in_range", id="negative"),
        pytest.param({"currency": "XXX"}, "currency_is_known", id="unknown currency"),
    ],
)
def test_rates_that_cannot_be_used_are_quarantined(of, changes, reason):
    lake = of("fx_rates")

    report = lake.load("rates.csv", RATE, RATE | {"rate_date": "2026-02-18"} | changes)

    [row] = lake.rows("glue_catalog.ops.quarantine_rows")
    assert (report.rows.published, report.rows.quarantined) == (1, 1)
    assert reason in row["reasons"]


def test_personal_data_in_a_review_is_masked_in_the_table_and_in_quarantine(of):
    lake = of("reviews")

    lake.load("reviews.csv", REVIEW, REVIEW | {"review_id": "REV-0000000002", "rating": "9"})

    [stored] = lake.rows()
    [refused] = lake.rows("glue_catalog.ops.quarantine_rows")
    assert stored["body"] == "Write to [email]"
    assert "ada@example.org" not in refused["raw_record"]


@pytest.mark.parametrize("first", [0, 1], ids=["one order", "the other"])
def test_two_files_that_correct_one_row_end_alike_in_either_order(of, first):
    lake = of("fx_rates")
    corrections = [RATE | {"rate": rate, "updated_at": "2026-02-22T00:00:00Z"} for rate in ("1.5", "1.4")]
    lake.load("original.csv", RATE)

    lake.load("a.csv", corrections[first])
    lake.load("b.csv", corrections[1 - first])

    assert [float(row["rate"]) for row in lake.rows()] == [1.5]


def test_a_row_without_its_parent_waits_in_quarantine_where_the_contract_says_so(of, monkeypatch):
    strict = contracts.load("reviews")
    references = tuple(
        replace(reference, orphans="quarantine") if reference.column == "product_id" else reference
        for reference in strict.table.references
    )
    strict = replace(strict, tables=(replace(strict.table, references=references),))
    monkeypatch.setattr(contracts, "load", lambda name: strict if name == "reviews" else contracts.loading.load(name))
    product = {
        "product_id": "PRD-00042",
        "product_name": "Shoe",
        "category": "shoes",
        "brand": "Northway",
        "vendor_id": "VEN-0001",
        "list_price": "10.00",
        "unit_cost": "5.00",
        "stock_quantity": "1",
        "is_active": "true",
        "launched_on": str(date(2025, 1, 1)),
        "updated_at": "2026-01-01T00:00:00Z",
    }
    of("products").load("products.csv", product)
    lake = of("reviews")

    report = lake.load("reviews.csv", REVIEW, REVIEW | {"review_id": "REV-0000000002", "product_id": "PRD-00043"})

    [refused] = lake.rows("glue_catalog.ops.quarantine_rows")
    assert (report.rows.published, report.rows.quarantined) == (1, 1)
    assert list(refused["reasons"]) == ["orphan:product_id"]
