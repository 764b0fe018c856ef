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
def erase():
    """Write the tombstone of the person. The buckets are those of all tests of the session."""
    yield lambda: write_tombstones("artifacts", new_tombstones().with_ids([ERASED], "erasure-1"))
    client("s3").delete_object(Bucket="artifacts", Key="erasure/tombstones.json")


@pytest.fixture(params=["light", "spark"])
def lake(request, shared_lake):
    found = shared_lake("light")
    found.engine = request.param
    return found


@pytest.fixture
def quarantine(lake):
    return f"{'glue_catalog.' if lake.engine == 'light' else ''}ops.quarantine_rows"


def line(number, customer, **changes):
    return GOOD | {"order_id": f"ORD-{number:010X}", "customer_id": customer} | changes


def test_rows_of_an_erased_person_are_refused_and_nothing_of_them_is_kept(lake, quarantine, erase):
    erase()
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
    kept = lake.rows(quarantine)
    erased = [row for row in kept if row["reasons"] == ["person_was_erased"]]
    assert len(erased) == 6
    assert {row["raw_record"] for row in erased} == {"{}"}
    assert len({row["row_id"] for row in erased}) == 6
    assert ERASED not in str(erased)
    assert MAIL not in str(kept)
    [other] = [row for row in kept if row["reasons"] != ["person_was_erased"]]
    assert f"{ERASED}x" in other["raw_record"]
    assert {(rule.rule, rule.broken) for rule in report.row_rules} >= {("person_was_erased", 6)}


def test_a_backfill_takes_out_the_rows_of_a_person_who_was_erased_since(lake, quarantine, erase):
    rows = [line(1, OTHER), line(2, ERASED, customer_email=MAIL)]
    loaded = lake.drop("orders.csv", csv(rows, header_of("transactions"))).run()
    assert {row["customer_id"] for row in lake.rows()} == {OTHER, ERASED}
    erase()

    report = lake.backfill(lake.loaded_by(*loaded))

    assert report.rows.model_dump() == {"read": 2, "published": 0, "quarantined": 1, "duplicate": 1}
    assert report.withdrawn == 1
    assert [row["customer_id"] for row in lake.rows()] == [OTHER]
    assert [(row["reasons"], row["raw_record"]) for row in lake.rows(quarantine)] == [(["person_was_erased"], "{}")]
