"""The main job: files dropped become rows in tables, each exactly once."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal

import pytest

from cartlake.aws.objects import S3Uri
from cartlake.ledger import FileState
from cartlake.runs.folder import RunFolder
from cartlake_cli.operations.follow import follow_refresh
from cartlake_cli.operations.upload import upload
from tests.e2e.conftest import environment_of, eventually, loads_on_spark

pytestmark = pytest.mark.e2e


def load(lake, follow, *paths):
    return follow([file["file_id"] for file in upload(lake, "transactions", list(paths))])


def totals(manifest):
    currencies = manifest["expected_table"]["by_currency"].items()
    return sorted([name, str(t["rows"]), str(t["units"]), Decimal(t["line_total"])] for name, t in currencies)


def stored(rows_of, run_id):
    rows = rows_of(
        "select currency, count(*), sum(quantity), sum(line_total) from processed.transactions "
        f"where _run_id = '{run_id}' group by currency"
    )
    return sorted([currency, lines, units, Decimal(total)] for currency, lines, units, total in rows)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="csv"),
        pytest.param({"compressed": True}, id="csv.gz"),
        pytest.param({"file_format": "jsonl", "compressed": True}, id="jsonl.gz"),
        pytest.param({"file_format": "parquet"}, id="parquet"),
    ],
)
def test_a_dropped_file_becomes_the_rows_that_were_generated(lake, follow, orders, rows_of, options):
    path, manifest = orders(300, **options)

    [file] = load(lake, follow, path)

    assert file.state is FileState.LOADED
    assert stored(rows_of, file.run_id) == totals(manifest)


def test_a_small_file_is_loaded_by_the_light_engine_and_no_job_starts(lake, follow, orders, rows_of):
    path, manifest = orders(320)
    jobs = job_runs(lake)

    [file] = load(lake, follow, path)

    run = lake.ledger.runs.get(file.run_id)
    assert (run.engine.engine, run.fallback) == ("light", None)
    assert 0 < run.cost_usd < 0.001
    assert stored(rows_of, file.run_id) == totals(manifest)
    assert job_runs(lake) == jobs


def test_with_limits_of_zero_the_same_file_is_loaded_by_spark(lake, follow, orders, rows_of):
    path, manifest = orders(330)

    with loads_on_spark(lake):
        [file] = load(lake, follow, path)

    assert lake.ledger.runs.get(file.run_id).engine.engine == "spark"
    assert stored(rows_of, file.run_id) == totals(manifest)


def job_runs(lake, job="dataset_etl"):
    return len(lake.client("glue").get_job_runs(JobName=lake.outputs.glue_jobs[job])["JobRuns"])


def test_dirty_rows_are_quarantined_with_the_rules_they_break_and_the_rest_is_published(lake, follow, orders, rows_of):
    path, manifest = orders(1_000, dirty=0.1)

    [file] = load(lake, follow, path)

    run = lake.ledger.runs.get(file.run_id)
    assert run.counts.model_dump() == manifest["expected_rows"]["all_in_one_run"]
    assert stored(rows_of, file.run_id) == totals(manifest)
    quarantined = rows_of(
        "select cardinality(reasons) > 0 and raw_record is not null, count(*) from ops.quarantine_rows "
        f"where run_id = '{file.run_id}' group by 1"
    )
    assert quarantined == [["true", str(manifest["expected_rows"]["quarantined"])]]


@pytest.mark.parametrize(("limit_mb", "by_job"), [("1024", False), ("0", True)])
def test_the_mart_is_the_sum_of_the_published_rows(lake, follow, orders, rows_of, limit_mb, by_job):
    """Rebuilt by the function, and, with a limit of zero for its tables, by the job."""
    path, manifest = orders(400)
    before = job_runs(lake, "table_refresh")
    with environment_of(lake, "refresh_planner", LIGHT_TABLE_MAX_MB=limit_mb):
        load(lake, follow, path)
        follow_refresh(lake)
    assert (job_runs(lake, "table_refresh") > before) is by_job
    [day] = {line["day"] for line in manifest["expected_table"]["by_day_and_currency"]}

    mart = rows_of(f"select sum(order_lines), sum(units) from curated.sales_daily where order_date = date '{day}'")

    published = rows_of(
        "select count(*), sum(quantity) from processed.transactions "
        f"where cast(ordered_at as date) = date '{day}' and order_status <> 'cancelled'"
    )
    assert mart == published


def test_the_same_content_under_another_name_is_known_and_not_read(lake, follow, orders, rows_of):
    path, _ = orders(100)
    [first] = load(lake, follow, path)
    before = rows_of("select count(*) from processed.transactions")

    [second] = load(lake, follow, path.rename(path.with_name("copy-" + path.name)))

    assert (second.state, second.duplicate_of) == (FileState.DUPLICATE, first.file_id)
    assert rows_of("select count(*) from processed.transactions") == before


def test_the_same_event_five_times_loads_the_file_once(lake, follow, orders, rows_of):
    path, manifest = orders(100)
    [file] = load(lake, follow, path)
    runs_before = len(lake.ledger.runs.list("transactions"))

    for _ in range(5):
        send_event(lake, file)
    eventually(lambda: queue_is_empty(lake))

    assert stored(rows_of, file.run_id) == totals(manifest)
    assert len(lake.ledger.runs.list("transactions")) == runs_before


def test_many_files_at_once_lose_nothing_and_double_nothing(lake, follow, orders, rows_of):
    made = [orders(50) for _ in range(6)]

    with ThreadPoolExecutor(6) as pool:
        dropped = list(pool.map(lambda one: upload(lake, "transactions", [one[0]])[0], made))
    files = follow([file["file_id"] for file in dropped])

    assert {file.state for file in files} == {FileState.LOADED}
    runs = sorted({file.run_id for file in files})
    assert len(runs) < len(files)  # files that arrive during a run share the next one
    in_runs = ", ".join(f"'{run}'" for run in runs)
    rows = rows_of(
        "select count(*), count(distinct order_id || cast(line_number as varchar)) "
        f"from processed.transactions where _run_id in ({in_runs})"
    )
    assert rows == [["300", "300"]]


def test_a_late_file_updates_and_moves_rows_and_its_stale_rows_change_nothing(lake, follow, orders, rows_of, tmp_path):
    path, manifest = orders(40)
    header, first, second, third, *_ = path.read_text().splitlines()
    load(lake, follow, path)
    day = manifest["arguments"]["end_date"]
    evening, day_before = f"{day}T23:59:59Z", str(date.fromisoformat(day) - timedelta(days=1))
    newer = with_values(header, first, updated_at=evening, order_status="refunded")
    moved = with_values(header, third, updated_at=evening, ordered_at=f"{day_before}T12:00:00Z")
    late = tmp_path / "late.csv"
    # Of one version the greater values win, and no status is below this one.
    stale = with_values(header, second, order_status="cancelled")
    late.write_text(f"{header}\n{newer}\n{stale}\n{moved}\n")

    [file] = load(lake, follow, late)

    counts = lake.ledger.runs.get(file.run_id).counts
    assert (counts.published, counts.duplicate) == (2, 1)
    found = "select order_status, cast(cast(ordered_at as date) as varchar) from processed.transactions where "
    assert [row[0] for row in rows_of(found + key_of(first))] == ["refunded"]
    assert [row[1] for row in rows_of(found + key_of(third))] == [day_before]
    follow_refresh(lake)
    both = f"between date '{day_before}' and date '{day}'"
    marts = rows_of(f"select order_date, sum(order_lines) from curated.sales_daily where order_date {both} group by 1")
    lines = rows_of(
        "select cast(ordered_at as date), count(*) from processed.transactions "
        f"where cast(ordered_at as date) {both} and order_status <> 'cancelled' group by 1"
    )
    assert sorted(marts) == sorted(lines)
    assert [row[0] for row in sorted(marts)] == [day_before, day]


def test_every_run_leaves_a_report_a_ledger_entry_and_a_lineage_event(lake, follow, orders, run_lake):
    path, _ = orders(50)
    [file] = load(lake, follow, path)

    shown = json.loads(run_lake("run", "show", file.run_id, "--json").stdout)

    assert shown["state"] == "SUCCEEDED"
    assert shown["read"] == shown["published"] + shown["quarantined"] + shown["duplicate"] == 50
    assert [one["key"] for one in shown["files"]] == [file.key]
    place = S3Uri.parse(RunFolder(lake.outputs.buckets["artifacts"], file.run_id).lineage_event("END"))
    end = lake.client("s3").get_object(Bucket=place.bucket, Key=place.key)["Body"].read()
    assert json.loads(end)["eventType"] == "COMPLETE"


def key_of(line):
    order_id, number = line.split(",")[:2]
    return f"order_id = '{order_id}' and line_number = {number}"


def with_values(header, line, **values):
    row = dict(zip(header.split(","), line.split(","), strict=True))
    return ",".join({**row, **values}.values())


def send_event(lake, file):
    detail = {
        "version": "0",
        "bucket": {"name": file.bucket},
        "object": {
            "key": file.key,
            "size": file.size,
            "etag": file.etag,
            "version-id": file.version_id,
            "sequencer": "00617F08299329D189",
        },
        "request-id": "N4N7GDK58NMKJ12R",
        "requester": "123456789012",
        "source-ip-address": "127.0.0.1",
        "reason": "PutObject",
    }
    event = {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": lake.outputs.account_id,
        "time": "2026-11-20T00:00:00Z",
        "region": lake.outputs.region,
        "resources": [f"arn:aws:s3:::{file.bucket}"],
        "detail": detail,
    }
    lake.client("sqs").send_message(QueueUrl=lake.outputs.incoming_queue_url, MessageBody=json.dumps(event))


def queue_is_empty(lake):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = lake.client("sqs").get_queue_attributes(
        QueueUrl=lake.outputs.incoming_queue_url, AttributeNames=names
    )["Attributes"]
    return all(attributes[name] == "0" for name in names)


def test_refreshes_within_their_window_are_one(lake, follow, orders, rows_of, run_lake):
    """What changes within the window waits for its end, in one refresh; a command waits for none."""
    files = [orders(40) for _ in range(3)]
    load(lake, follow, files[0][0])
    follow_refresh(lake)
    with environment_of(lake, "run_coordinator", REFRESH_WINDOW_SECONDS="3600"):
        load(lake, follow, files[1][0])
        planned = eventually(lambda: lake.ledger.next_runs.get("refresh"))
        load(lake, follow, files[2][0])
        said = " ".join(run_lake("runs").output.split())
        waiting = lake.ledger.stale.pending()
        run_lake("recompute", "sales_weekly")
    lake.client("stepfunctions").stop_execution(executionArn=planned.execution_arn)
    lake.ledger.next_runs.begin("refresh", planned.run_id)

    assert "refresh: changes of 1 tables wait until" in said
    assert [mark.table for mark in waiting] == ["processed.transactions"] * 2
    assert lake.ledger.stale.pending() == []
    for _, manifest in files:
        [day] = {line["day"] for line in manifest["expected_table"]["by_day_and_currency"]}
        in_mart = f"select sum(order_lines) from curated.sales_daily where order_date = date '{day}'"
        published = "select count(*) from processed.transactions where order_status <> 'cancelled'"
        assert rows_of(in_mart) == rows_of(f"{published} and cast(ordered_at as date) = date '{day}'")
