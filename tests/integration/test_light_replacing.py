"""Rows of days and of keys replaced in Iceberg tables on DuckDB: what is in scope is new, all else as it was."""

from datetime import date

import pytest
from pyiceberg.exceptions import ValidationException
from pyiceberg.manifest import ManifestContent
from pyiceberg.transforms import DayTransform
from pyiceberg.types import StringType

from cartlake.refresh.graph import WHOLE
from glue_jobs.engines.duckdb import lake_tables, refreshing, replacing
from tests.compacting import compact
from tests.integration.light_lake import LightLake, bucket_in, on

pytestmark = pytest.mark.integration

DAILY, REVIEWS = "curated.sales_daily", "curated.fct_reviews"
DAYS = [date(2026, 2, number) for number in (25, 26, 27)]
MARCH = date(2026, 3, 2)


@pytest.fixture(scope="module")
def bucket(localaws):
    with bucket_in(localaws, "light-replacing") as name:
        yield name


@pytest.fixture
def lake(bucket, name):
    return LightLake(f"{name}_", bucket, ("sales_daily", "fct_reviews"))


def sold(day, orders=1, **changes):
    return {
        "order_date": str(day),
        "channel": "web",
        "country_code": "DE",
        "currency": "EUR",
        "orders": orders,
    } | changes


def daily(lake):
    return lake.rows(DAILY, "order_date, orders, _run_id")


def data_files(lake, physical_name):
    return {task.file.file_path: task.file for task in lake.table(physical_name).scan().plan_files()}


def delete_files(lake, physical_name):
    table = lake.table(physical_name)
    manifests = table.current_snapshot().manifests(table.io)
    deletes = [one for one in manifests if one.content == ManifestContent.DELETES]
    return [entry.data_file for one in deletes for entry in one.fetch_manifest_entry(table.io)]


def test_a_day_within_the_file_of_a_month_is_replaced_and_other_days_keep_their_rows(lake):
    lake.replace_days(DAILY, WHOLE, *map(sold, DAYS), sold(MARCH))
    before = data_files(lake, DAILY)

    lake.replace_days(DAILY, on(DAYS[1]), sold(DAYS[1], 7, _run_id="run-2"))

    assert daily(lake) == [(DAYS[0], 1, "run-1"), (DAYS[1], 7, "run-2"), (DAYS[2], 1, "run-1"), (MARCH, 1, "run-1")]
    of_march = {path for path, file in before.items() if file.record_count == 1}
    assert set(data_files(lake, DAILY)) & set(before) == of_march  # the file of the other month is not touched
    assert delete_files(lake, DAILY) == []


def test_a_day_that_has_no_rows_any_more_leaves(lake):
    lake.replace_days(DAILY, WHOLE, *map(sold, DAYS))

    lake.replace_days(DAILY, on(DAYS[0], DAYS[2]))

    assert daily(lake) == [(DAYS[1], 1, "run-1")]


def test_all_rows_are_replaced_by_none_in_one_commit(lake):
    lake.replace_days(DAILY, WHOLE, *map(sold, DAYS))

    lake.replace_days(DAILY, WHOLE)

    assert data_files(lake, DAILY) == {}
    assert len(lake.table(DAILY).snapshots()) == 2


def test_a_table_that_was_built_without_rows_has_a_snapshot(lake):
    lake.replace_days(DAILY, WHOLE)

    assert lake.table(DAILY).current_snapshot().summary["total-records"] == "0"


def test_a_day_is_replaced_in_files_of_an_earlier_partitioning(lake):
    lake.replace_days(DAILY, WHOLE, *map(sold, DAYS))
    with lake.table(DAILY).update_spec() as spec:
        spec.remove_field("order_date_month").add_field("order_date", DayTransform())

    lake.replace_days(DAILY, on(DAYS[1]), sold(DAYS[1], 7))

    assert [row[:2] for row in daily(lake)] == [(DAYS[0], 1), (DAYS[1], 7), (DAYS[2], 1)]
    assert {file.spec_id for file in data_files(lake, DAILY).values()} == {lake.table(DAILY).spec().spec_id}


def test_a_column_no_contract_has_keeps_the_values_of_rows_that_stay(lake):
    with lake.table(DAILY).update_schema() as schema:
        schema.add_column("scratch", StringType())
    lake.replace_days(DAILY, WHOLE, *map(sold, DAYS))
    lake.overwrite(DAILY, "scratch", "'kept'")

    lake.replace_days(DAILY, on(DAYS[0]), sold(DAYS[0], 3))

    assert lake.rows(DAILY, "orders, scratch") == [(1, "kept"), (1, "kept"), (3, None)]


def review(product, customer, rating, **changes):
    return {
        "product_id": product,
        "customer_id": customer,
        "rating": str(rating),
        "purchased_on": "2026-02-27",
        "review_id": f"{product}-{customer}",
    } | changes


def reviews(lake):
    return lake.rows(REVIEWS, "product_id, customer_id, rating, _run_id")


def test_rows_of_keys_that_stay_the_same_are_not_touched(lake):
    lake.replace_days(REVIEWS, WHOLE, *(review(p, c, 5) for p in ("a", "b") for c in ("1", "2", "3")))

    new = [review("a", "1", 5, _run_id="run-2"), review("a", "2", 1, _run_id="run-2"), review("a", "4", 2)]
    lake.replace_keys(REVIEWS, ["a", "c"], *new)

    assert reviews(lake) == [
        ("a", "1", 5, "run-1"),  # the same
        ("a", "2", 1, "run-2"),  # changed
        ("a", "4", 2, "run-1"),  # new; the third is gone
        *(("b", customer, 5, "run-1") for customer in ("1", "2", "3")),
    ]
    summary = lake.table(REVIEWS).current_snapshot().summary
    assert (summary["added-position-deletes"], summary["added-records"]) == ("2", "2")


def test_a_changed_row_keeps_its_value_of_a_column_no_contract_has(lake):
    with lake.table(REVIEWS).update_schema() as schema:
        schema.add_column("scratch", StringType())
    lake.replace_days(REVIEWS, WHOLE, review("a", "1", 5), review("a", "2", 5))
    lake.overwrite(REVIEWS, "scratch", "'kept'")

    lake.replace_keys(REVIEWS, ["a"], review("a", "1", 1), review("a", "3", 4))

    assert lake.rows(REVIEWS, "customer_id, rating, scratch") == [("1", 1, "kept"), ("3", 4, None)]


def test_files_of_deletes_leave_with_the_last_data_file_they_are_about(lake):
    lake.replace_days(REVIEWS, WHOLE, *(review(p, "1", 5) for p in ("a", "b")))
    lake.replace_keys(REVIEWS, ["a"], review("a", "1", 1))
    [kept] = delete_files(lake, REVIEWS)
    lake.replace_keys(REVIEWS, ["a"], review("a", "1", 2))

    both = delete_files(lake, REVIEWS)
    lake.replace_days(REVIEWS, WHOLE, review("c", "1", 3))

    assert len(both) == 2
    assert kept.file_path in {file.file_path for file in both}
    assert delete_files(lake, REVIEWS) == []
    summary = lake.table(REVIEWS).current_snapshot().summary
    assert (summary["removed-position-delete-files"], summary["total-delete-files"]) == ("2", "0")
    assert reviews(lake) == [("c", "1", 3, "run-1")]


def test_a_file_of_deletes_stays_while_a_data_file_it_is_about_does(lake):
    february, march = {"purchased_on": "2026-02-27"}, {"purchased_on": "2026-03-02"}
    lake.replace_days(REVIEWS, WHOLE, review("a", "1", 5, **february), review("b", "1", 5, **february))
    lake.replace_keys(REVIEWS, ["a"], review("a", "1", 1, **march))

    lake.replace_days(REVIEWS, on(MARCH), review("c", "1", 3, **march))

    assert len(delete_files(lake, REVIEWS)) == 1
    assert reviews(lake) == [("b", "1", 5, "run-1"), ("c", "1", 3, "run-1")]


def test_a_commit_of_another_writer_to_the_same_files_is_not_lost(lake, monkeypatch):
    lake.replace_days(DAILY, WHOLE, *map(sold, DAYS))
    real = replacing.of_days

    def overtaken(*arguments):
        change = real(*arguments)
        monkeypatch.setattr(refreshing.replacing, "of_days", real)
        lake.replace_days(DAILY, on(DAYS[2]), sold(DAYS[2], 9))
        return change

    monkeypatch.setattr(refreshing.replacing, "of_days", overtaken)
    lake.replace_days(DAILY, on(DAYS[0]), sold(DAYS[0], 7))

    assert [row[:2] for row in daily(lake)] == [(DAYS[0], 7), (DAYS[1], 1), (DAYS[2], 9)]


def test_rows_another_writer_deletes_meanwhile_do_not_come_back(lake, monkeypatch):
    lake.replace_days(REVIEWS, WHOLE, review("a", "1", 5), review("b", "1", 5, purchased_on=str(MARCH)))
    real = replacing.of_days

    def overtaken(*arguments):
        change = real(*arguments)
        monkeypatch.setattr(refreshing.replacing, "of_days", real)
        lake.replace_keys(REVIEWS, ["a"])
        return change

    monkeypatch.setattr(refreshing.replacing, "of_days", overtaken)
    lake.replace_days(REVIEWS, on(MARCH), review("b", "1", 4, purchased_on=str(MARCH)))

    assert [row[:3] for row in reviews(lake)] == [("b", "1", 4)]


def test_a_writer_that_is_always_overtaken_gives_up_and_changes_nothing(lake, monkeypatch):
    lake.replace_days(DAILY, WHOLE, *map(sold, DAYS))

    def refused(*_arguments):
        raise ValidationException("missing data files")

    monkeypatch.setattr(lake_tables, "commit", refused)

    with pytest.raises(ValidationException):
        lake.replace_days(DAILY, on(DAYS[0]), sold(DAYS[0], 7))
    assert [row[:2] for row in daily(lake)] == [(day, 1) for day in DAYS]


@pytest.mark.parametrize("step", ["of_days", "of_keys"])
def test_files_that_somebody_compacts_meanwhile_lose_no_row_and_double_none(lake, monkeypatch, step):
    lake.replace_days(REVIEWS, WHOLE, *(review(p, "1", 5) for p in ("a", "b")))
    lake.replace_keys(REVIEWS, ["a"], review("a", "1", 1))  # leaves a position delete
    real = getattr(replacing, step)

    def overtaken(*arguments):
        change = real(*arguments)
        monkeypatch.setattr(refreshing.replacing, step, real)
        compact(lake.table(REVIEWS))
        return change

    monkeypatch.setattr(refreshing.replacing, step, overtaken)
    new = review("b", "1", 2)
    if step == "of_days":
        lake.replace_days(REVIEWS, WHOLE, review("a", "1", 1), new)
    else:
        lake.replace_keys(REVIEWS, ["b"], new)

    assert [row[:3] for row in reviews(lake)] == [("a", "1", 1), ("b", "1", 2)]
