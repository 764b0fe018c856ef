"""Who wrote and who read tables, from the answers of an Athena and the exports in S3."""

from datetime import UTC, datetime
from types import SimpleNamespace

import boto3

from data_catalog.usage import Asked, Usage, asked_sql, read_usage, written_sql

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
TABLE = "curated.fct_orders"


def athena(written=(), asked=()):
    answers = {written_sql(NOW): written, asked_sql(NOW): asked}
    return SimpleNamespace(run=lambda sql: SimpleNamespace(rows=answers[sql]))


def test_the_last_five_runs_of_a_table_are_shown_with_why_they_failed():
    written = [[TABLE, f"refresh-{at}", "2026-11-28 08:30:00.000", "COMPLETE", "4", "42", None] for at in range(7)]
    failed = [TABLE, "refresh-x", "2026-11-29 08:30:00.000", "FAIL", None, None, "RefreshError: no"]

    found = read_usage(athena([failed, *written]), None, [TABLE], NOW).runs[TABLE]

    assert len(found) == 5
    assert (found[0].outcome, found[0].rows, found[0].error) == ("FAIL", None, "RefreshError: no")
    assert (found[1].rows, found[1].version, found[1].ended_at) == (4, "42", "2026-11-28 08:30:00")


def test_only_the_last_28_days_are_read():
    assert "day >= '2026-11-01'" in written_sql(NOW)
    assert "day >= '2026-11-01'" in asked_sql(NOW)


def test_a_query_is_known_by_its_name_and_by_its_title():
    asked = [["daily_kpis", "2", "2026-11-27 08:00:00.000"], ["Daily KPIs", "3", "2026-11-28 09:00:00.000"]]

    usage = read_usage(athena(asked=asked), None, [], NOW)

    assert usage.asked("daily_kpis", "-- Daily KPIs: what was sold\nselect 1") == Asked(5, "2026-11-28 09:00:00")
    assert usage.asked("late_orders", "-- Late orders: which\nselect 1") is None


def test_exports_are_those_of_the_table_newest_first(lake):
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="exports")
    for key in ("20261101T080000000000/a.parquet", "20261102T080000000000/a.parquet", "manifest.json"):
        s3.put_object(Bucket="exports", Key=f"{TABLE}/{key}", Body=b"x")

    usage = read_usage(athena(), "exports", [TABLE, "curated.dim_date"], NOW)

    assert usage.exports == {TABLE: ["20261102T080000000000", "20261101T080000000000"]}


def test_nothing_is_known_of_a_lake_that_was_never_asked():
    assert Usage().asked("daily_kpis", "select 1") is None
