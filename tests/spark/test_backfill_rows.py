"""What a backfill changes, and how a run's rows are counted: the same cases on Spark and on DuckDB."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest

from cartlake import contracts
from glue_jobs.dataset_etl import counts
from glue_jobs.transforms.file_rows import backfill, parents
from glue_jobs.transforms.scopes import in_days_sql
from tests.spark.built import table_rows

pytestmark = pytest.mark.spark

RATES = contracts.load("fx_rates").table
DAY, NEXT_DAY = date(2026, 2, 27), date(2026, 2, 28)
OLD, NEW = (datetime(2026, 2, 28, hour, tzinfo=UTC) for hour in (8, 9))
RUN, OTHER_RUN = "fx_rates-2", "fx_rates-1"
OURS, THEIRS, UNREAD = "s3://raw/ours.csv", "s3://raw/theirs.csv", "s3://raw/unread.csv"


class Frames:
    """An engine as far as counts need it: rows are frames, and a branch is one too."""

    def apply(self, transform, *inputs, **constants):
        return transform(*inputs, **constants)

    def where(self, rows, condition):
        return rows.where(condition)

    def collect(self, rows):
        return [row.asDict() for row in rows.collect()]

    def count(self, rows):
        return rows.count()

    def read_branch(self, branch, table, days=None):
        return branch if days is None else branch.where(in_days_sql(table, days))


RUNNING = SimpleNamespace(engine=Frames(), table=RATES, run_id=RUN)


def rate(currency="USD", day=DAY, value="1.1", **changes):
    lineage = {"_source_file": OURS, "_run_id": OTHER_RUN}
    exact = None if value is None else Decimal(value)
    return {"currency": currency, "rate_date": day, "rate": exact, "updated_at": OLD, **lineage, **changes}


def rates(frame, *rows):
    return table_rows(frame, "fx_rates", *rows)


def stored(frame, *rows):
    origins = frame([(OURS, OTHER_RUN, True), (UNREAD, OTHER_RUN, False)], backfill.ORIGIN_SCHEMA)
    return backfill.with_origin(rates(frame, *rows), origins)


def currencies(rows):
    return sorted(row["currency"] for row in rows.collect())


@pytest.mark.parametrize(
    ("kept", "in_table", "changes"),
    [
        pytest.param({}, [], True, id="a new key"),
        pytest.param({}, [{}], False, id="the row of its own file, and the same"),
        pytest.param({"value": "1.2"}, [{}], True, id="the row of its own file, but another value"),
        pytest.param({"value": "1.2"}, [{"updated_at": NEW}], True, id="of its own file an older version wins too"),
        pytest.param(
            {"value": "1.2"}, [{"_source_file": THEIRS, "updated_at": NEW}], False, id="of another file, newer"
        ),
        pytest.param({"value": "1.2"}, [{"_source_file": THEIRS}], True, id="another file, one version, greater"),
        pytest.param({"value": "1.0"}, [{"_source_file": THEIRS}], False, id="another file, one version, less"),
        pytest.param({"value": None}, [{"_source_file": THEIRS}], False, id="another file, one version, null"),
        pytest.param({}, [{"value": None, "_source_file": THEIRS}], True, id="another file, one version, over null"),
        pytest.param({"updated_at": NEW}, [{"_source_file": THEIRS}], True, id="another file, older"),
        pytest.param({"value": "1.2"}, [{"_run_id": "fx_rates-0", "updated_at": NEW}], False, id="another reading"),
    ],
)
def test_a_backfilled_row_changes_the_table_when(frame, kept, in_table, changes):
    batch = rates(frame, rate(**{"_run_id": RUN} | kept))

    changed = backfill.changed_rows(batch, stored(frame, *(rate(**row) for row in in_table)), RATES)

    assert currencies(changed) == ["USD"] * changes
    assert changed.columns == [column.name for column in RATES.columns]


def test_keys_of_our_files_that_no_row_has_any_more_leave_and_their_days_are_touched(frame):
    table = stored(frame, rate("USD"), rate("GBP", NEXT_DAY), rate("CHF", _source_file=THEIRS))

    gone = backfill.keys_without_successor(rates(frame, rate("USD")), table, RATES)

    assert currencies(gone) == ["GBP"]
    assert [row["day"] for row in backfill.days_of_keys(table, gone, RATES).collect()] == [NEXT_DAY]


@pytest.mark.parametrize(
    ("kept", "in_table", "is_lowered"),
    [
        pytest.param({"value": "1.0"}, {}, True, id="another value of the same version, less"),
        pytest.param({}, {"updated_at": NEW}, True, id="an older version"),
        pytest.param({"value": "1.2"}, {}, False, id="greater"),
        pytest.param({}, {}, False, id="the same"),
        pytest.param({}, {"_source_file": THEIRS, "updated_at": NEW}, False, id="of another file"),
    ],
)
def test_a_row_is_lowered_when_it_replaces_the_one_of_its_own_file_by_an_older(frame, kept, in_table, is_lowered):
    found = backfill.lowered_keys(rates(frame, rate(**kept)), stored(frame, rate(**in_table)), RATES)

    assert currencies(found) == ["USD"] * is_lowered


@pytest.mark.parametrize(
    ("in_table", "is_outranked"),
    [
        pytest.param({"_source_file": UNREAD, "updated_at": NEW}, True, id="a newer row of a file still to be read"),
        pytest.param({"_source_file": UNREAD}, True, id="the same row of one"),
        pytest.param({"_source_file": UNREAD, "value": "1.0"}, False, id="an older row of one"),
        pytest.param({"_source_file": THEIRS, "updated_at": NEW}, False, id="a newer row of a file that is not"),
        pytest.param({"updated_at": NEW}, False, id="the row of its own file"),
    ],
)
def test_a_row_is_outranked_when_it_loses_to_a_file_that_is_still_to_be_read(frame, in_table, is_outranked):
    found = backfill.outranked_keys(rates(frame, rate()), stored(frame, rate(**in_table)), RATES)

    assert currencies(found) == ["USD"] * is_outranked


def test_a_row_returns_when_the_table_had_its_key_before_and_has_it_no_more(frame):
    kept = rates(frame, rate("USD"), rate("GBP"), rate("CHF"))
    now, before = rates(frame, rate("USD")), rates(frame, rate("USD"), rate("GBP"))

    assert currencies(backfill.returned_keys(kept, now, before, RATES)) == ["GBP"]


def test_published_rows_are_those_of_the_run_by_day(frame):
    branch = rates(frame, rate("USD", _run_id=RUN), rate("GBP", _run_id=RUN), rate("CHF"), rate("USD", NEXT_DAY))

    assert counts.published_rows(RUNNING, branch, [DAY, NEXT_DAY]) == {DAY: 2}
    assert counts.published_rows(RUNNING, branch, [NEXT_DAY]) == {}
    assert counts.published_rows(RUNNING, branch, []) == {}


def test_outdated_rows_lost_to_a_row_of_another_run_that_is_not_older(frame):
    branch = rates(
        frame,
        rate("USD", updated_at=NEW),
        rate("GBP"),
        rate("CHF", value="1.0"),
        rate("JPY", _run_id=RUN),
        rate("SEK", NEXT_DAY, updated_at=NEW),
    )
    kept = rates(frame, *(rate(name, _run_id=RUN) for name in ("USD", "GBP", "CHF", "JPY")), rate("SEK", NEXT_DAY))

    assert counts.outdated_rows(RUNNING, branch, kept, [DAY]) == 2  # an older one, and one that is the same
    assert counts.outdated_rows(RUNNING, branch, kept, [DAY, NEXT_DAY]) == 3


def test_known_rows_are_keys_that_stand_by_another_run_and_withdrawn_ones_stand_no_more(frame):
    branch, kept = rates(frame, rate("USD"), rate("GBP", _run_id=RUN)), rates(frame, rate("USD"), rate("GBP"))
    gone = rates(frame, rate("GBP"), rate("CHF")).select(*RATES.primary_key)

    assert counts.known_rows(RUNNING, branch, kept) == 1
    assert counts.withdrawn_rows(RUNNING, branch, gone) == 1


def test_a_row_is_linked_to_its_parent_where_the_contract_refuses_orphans(frame):
    table = contracts.load("reviews").table
    strict = replace(table, references=tuple(replace(one, orphans="quarantine") for one in table.references[-1:]))
    rows = frame([("REV-1", "PRD-1"), ("REV-2", "PRD-2"), ("REV-3", None)], "review_id string, product_id string")
    products = frame([("PRD-1",), ("PRD-1",), ("PRD-3",)], "product_id string")  # a version each

    linked = parents.with_parents(rows, strict, products)

    assert {row["review_id"]: row["_has_parent_product_id"] for row in linked.collect()} == {
        "REV-1": True,
        "REV-2": None,
        "REV-3": None,
    }
