"""A smoke test proves a lake with data in it, leaves nothing behind, and finds a deploy that does not work."""

import json

import pytest

from cartlake_cli.operations.follow import follow_refresh
from tests.e2e.conftest import environment_of, eventually
from tests.e2e.test_restore import files_of, tables_of

pytestmark = pytest.mark.e2e


def smoke(run_lake, *options, exit_code=0):
    report = json.loads(run_lake("smoke", "--json", *options, exit_code=exit_code).stdout)
    return report, {line["name"]: line for line in report["lines"]}


def loads_by(lines):
    """Whether a smoke test loaded its file; where leftovers cannot be removed yet, it drops none."""
    return lines.get("load clickstream (csv)", {}).get("result") == "proved"


def raw_objects(lake):
    pages = lake.client("s3").get_paginator("list_object_versions").paginate(Bucket=lake.outputs.buckets["raw"])
    return {(one["Key"], one["VersionId"]) for page in pages for one in page.get("Versions", [])}


def rows_of_all(lake, rows_of):
    """The rows of all tables. Refreshes that happened keep their measurements."""
    return {name: rows for name, rows in tables_of(lake, rows_of).items() if not name.endswith(".quality_results")}


def quiet(lake):
    """No run is at work and no alarm is on, whatever the tests before have done."""
    follow_refresh(lake)
    alarms = lake.client("cloudwatch")
    eventually(lambda: not alarms.describe_alarms(StateValue="ALARM")["MetricAlarms"], 420)


def test_it_proves_a_lake_with_data_and_leaves_nothing_behind(lake, run_lake, demo, rows_of):
    quiet(lake)
    tables, files, objects = rows_of_all(lake, rows_of), files_of(lake), raw_objects(lake)

    report, lines = smoke(run_lake)

    assert [line for line in report["lines"] if line["result"] == "FAILED"] == []
    assert {"load transactions (csv)", "load customers (jsonl)", "load products (parquet)"} <= lines.keys()
    assert {"duplicate file", "rejected file", "quarantine transactions", "view ops.table_freshness"} <= lines.keys()
    assert sum(name.startswith("query ") for name in lines) >= 14
    assert 0 < report["cost_usd"] < 0.5
    assert rows_of_all(lake, rows_of) == tables
    assert files_of(lake) == files
    assert raw_objects(lake) == objects


def test_what_an_interrupted_one_left_is_removed_by_the_next(lake, run_lake, demo, rows_of):
    quiet(lake)
    tables, objects = rows_of_all(lake, rows_of), raw_objects(lake)
    smoke(run_lake, "--quick", "--keep")
    assert raw_objects(lake) != objects

    _, lines = smoke(run_lake, "--quick")

    assert lines["leftovers"]["detail"] == "removed 3 files"
    assert (rows_of_all(lake, rows_of), raw_objects(lake)) == (tables, objects)


def test_a_function_that_raises_is_found(lake, run_lake, demo, rows_of):
    quiet(lake)
    tables = rows_of_all(lake, rows_of)
    with environment_of(lake, "run_recorder", LEDGER_TABLE="no-such-table"):
        report, lines = smoke(run_lake, "--quick", "--timeout", 20, exit_code=1)
    assert not report["passed"]
    assert lines["load clickstream (csv)"]["result"] == "FAILED"

    run_lake("sweep", "--grace", 0)
    eventually(lambda: loads_by(smoke(run_lake, "--quick", exit_code=None)[1]), 400)
    assert rows_of_all(lake, rows_of) == tables
