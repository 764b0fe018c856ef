"""Files that bring back a person who was erased: both engines refuse those rows and keep nothing of them."""

import pytest

from cartlake.aws.clients import client
from cartlake.erasure.tombstones import new_tombstones, write_tombstones
from tests.spark.loading import csv, header_of
from tests.spark.order_lines import AS_WRITTEN as GOOD

pytestmark = pytest.mark.spark

ERASED, OTHER = "CUS-0004242", "CUS-0004243"
MAIL = "planted.marker@example.org"


@pytest.fixture
def tombstones(shared_lake):
    """The buckets are those of all tests of the session."""
    lake = shared_lake("light")
    stones = new_tombstones().with_ids([ERASED], "erasure-1")
    write_tombstones("artifacts", stones)
    yield lake
    client("s3").delete_object(Bucket="artifacts", Key="erasure/tombstones.json")


def line(number, customer, **changes):
    return GOOD | {"order_id": f"ORD-{number:010X}", "customer_id": customer} | changes


@pytest.mark.parametrize("engine", ["light", "spark"])
def test_rows_of_an_erased_person_are_refused_and_nothing_of_them_is_kept(tombstones, engine):
    lake = tombstones
    lake.engine = engine
    rows = [
        line(1, OTHER),
        line(2, ERASED, customer_email=MAIL),
        line(3, ERASED, customer_email=MAIL, order_status="lost"),  # refused anyway
        line(4, ERASED, customer_email=MAIL),
        line(5, f"{ERASED}x", order_status="lost"),
        line(6, f"{ERASED} ", customer_email=MAIL),
        line(7, "", customer_email=MAIL, order_status=f"lost by {ERASED}"),
    ]
    torn = f'ORD-0000000008,1,"{ERASED}" and text,{MAIL}\n'.encode()
    report, _ = lake.drop("orders.csv", csv(rows, header_of("transactions")) + torn).run()

    assert report.rows.model_dump() == {"read": 8, "published": 1, "quarantined": 7, "duplicate": 0}
    assert [row["customer_id"] for row in lake.rows()] == [OTHER]
    kept = lake.rows(f"{'glue_catalog.' if engine == 'light' else ''}ops.quarantine_rows")
    erased = [row for row in kept if row["reasons"] == ["person_was_erased"]]
    assert len(erased) == 6
    assert {row["raw_record"] for row in erased} == {"{}"}
    assert len({row["row_id"] for row in erased}) == 6
    assert ERASED not in str(erased)
    assert MAIL not in str(kept)
    [other] = [row for row in kept if row["reasons"] != ["person_was_erased"]]
    assert f"{ERASED}x" in other["raw_record"]
    assert {(rule.rule, rule.broken) for rule in report.row_rules} >= {("person_was_erased", 6)}
