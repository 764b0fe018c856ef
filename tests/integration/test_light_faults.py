"""Faults in the middle of light loads and refreshes: afterwards rows are there once and counts are right."""

import gzip
from collections import Counter
from contextlib import nullcontext
from datetime import date
from itertools import count

import pytest
from botocore.exceptions import ClientError

from cartlake import contracts
from cartlake.aws.clients import aws_errors, client
from cartlake.errors import TransientError
from cartlake.refresh.graph import WHOLE
from cartlake.runs.documents import RefreshPlan
from cartlake.tables.catalog import load_catalog
from cartlake.tables.glue_catalog import LakeCatalog
from cartlake.times import utc_now
from generators.world import generate_world
from glue_jobs.engines.duckdb.engine import DuckDBEngine
from glue_jobs.engines.duckdb.limits import EngineLimitError
from glue_jobs.engines.duckdb.refreshing import duckdb_refresh_engine
from glue_jobs.table_refresh.pipeline import refresh
from glue_jobs.table_refresh.run import Run
from tests.integration import light_lake
from tests.integration.ended import CONTEXT, killed, start
from tests.integration.light_lake import GRAPH, bucket_in
from tests.spark.light_loading import LightLake
from tests.spark.loading import csv, header_of
from tests.spark.order_lines import AS_WRITTEN as GOOD

pytestmark = pytest.mark.integration

HEADER = header_of("transactions")
QUARANTINE, QUALITY = "ops.quarantine_rows", "ops.quality_results"
RUN = "transactions-20260301T120000-0000aa"
FIRST = [GOOD | {"order_id": f"ORD-{number:010X}"} for number in range(4)]
SECOND = [
    FIRST[0] | {"order_status": "refunded", "updated_at": "2026-03-09T10:00:00Z"},
    FIRST[1],
    GOOD | {"order_id": "ORD-00000000AA"},
    GOOD | {"order_id": "not an order"},
]
"""A newer version of a stored row, a row that is stored, a new one and one to refuse."""
DROPPED = {contract.name: contract for contract in contracts.load_all() if contract.droppable}


@pytest.fixture
def lake(localaws, monkeypatch):
    """Four order lines are loaded; a file with `SECOND` waits for the run `RUN`."""
    for name, value in localaws.env.items():
        monkeypatch.setenv(name, value)
    client.cache_clear()
    made = LightLake.new()
    made.load("first.csv", *FIRST)
    made.drop("second.csv", csv(SECOND, HEADER))
    yield made
    client.cache_clear()


def load(lake, run_id=RUN, files=None):
    """Load the waiting files up to the branch, and leave them waiting."""
    return lake.job(run_id, lake.manifest(run_id, lake.files if files is None else files, backfill=False), "load")


def statuses(lake):
    """What readers find of order lines."""
    return Counter(row["order_status"] for row in lake.rows())


def check_repeated(lake):
    """Repeat the run, publish it, and check every table as if it had run once."""
    assert statuses(lake) == {"paid": 4}

    report, _ = lake.run(RUN)

    assert tuple(report.rows.model_dump().values()) == (4, 2, 1, 1)
    assert statuses(lake) == {"paid": 4, "refunded": 1}
    assert [row["run_id"] for row in lake.rows(QUARANTINE)] == [RUN]
    rules = Counter(row["rule"] for row in lake.rows(QUALITY) if row["run_id"] == RUN)
    assert rules
    assert set(rules.values()) == {1}


KILLED = [
    ("before the metadata of", 1),
    ("after", 1),
    ("before the files of", 3),
    ("before the metadata of", 2),
    ("after", 2),
    ("after", 3),
    ("after", 4),
]
"""The first commit is to the quarantine, the second to the branch, the third joins its files, the fourth is to the
results of rules. The rows of the second are in its third upload, after its deletes."""


@pytest.mark.parametrize(("place", "commit"), KILLED)
def test_a_load_that_was_killed_is_repeated_as_if_it_had_never_run(lake, place, commit):
    assert killed(load, lake, place=place, commit=commit)

    check_repeated(lake)


def too_little_memory(engine):
    engine.session.execute("set memory_limit = '1MB'")


def full_disk(engine):
    engine.session.execute("copy (select range from range(100000)) to '/dev/full' (format parquet)")


def full_folder_for_spilling(engine):
    engine.session.execute("set memory_limit = '40MB'; set max_temp_directory_size = '1MB'")
    engine.session.execute(
        "create table sorted as select range, md5(range::varchar) as x from range(1000000) order by x"
    )


@pytest.mark.parametrize("fault", [too_little_memory, full_disk, full_folder_for_spilling])
def test_a_merge_without_memory_or_disk_is_given_up_and_leaves_no_trace(lake, monkeypatch, fault):
    merge = DuckDBEngine.merge

    def in_the_middle(engine, *arguments):
        fault(engine)
        merge(engine, *arguments)

    monkeypatch.setattr(DuckDBEngine, "merge", in_the_middle)
    with pytest.raises(EngineLimitError):
        load(lake)
    monkeypatch.setattr(DuckDBEngine, "merge", merge)

    check_repeated(lake)


def test_a_file_that_is_far_larger_than_it_was_estimated_is_given_up_and_not_called_unreadable(lake, monkeypatch):
    lake.files.clear()
    repeated = csv([GOOD], HEADER).splitlines(keepends=True)
    lake.drop("zeros.csv.gz", gzip.compress(repeated[0] + repeated[1] * 200_000), compression="gzip")
    [file] = [one.model_copy(update={"expanded_size": 1000, "row_estimate": 6}) for one in lake.files]
    read = DuckDBEngine.read_files

    def with_little_memory(engine, *arguments):
        engine.session.execute("set memory_limit = '20MB'; set max_temp_directory_size = '1MB'")
        return read(engine, *arguments)

    monkeypatch.setattr(DuckDBEngine, "read_files", with_little_memory)

    assert file.size < 500_000
    with pytest.raises(EngineLimitError):
        load(lake, files=[file])
    assert statuses(lake) == {"paid": 4}


COMMITS = [1, 2, 4]
"""Where the third fails, the files are not joined, and the run goes on."""


def answer_lost(update, *arguments, **named):
    update(*arguments, **named)
    raise ConnectionError("the answer never came")


def asked_twice(update, *arguments, **named):
    """The client did not get the answer, and asked again by itself."""
    update(*arguments, **named)
    update(*arguments, **named)


@pytest.mark.parametrize("commit", COMMITS)
@pytest.mark.parametrize("lose", [answer_lost, asked_twice])
def test_a_commit_whose_answer_is_lost_is_made_once(lake, monkeypatch, commit, lose):
    update, numbers = LakeCatalog._update_glue_table, count(1)

    def losing(*arguments, **named):
        (lose if next(numbers) == commit else lambda call, *a, **n: call(*a, **n))(update, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(LakeCatalog, "_update_glue_table", losing)
        report, _ = lake.run(RUN, publish=False)

    assert next(numbers) > commit
    assert tuple(report.rows.model_dump().values()) == (4, 2, 1, 1)
    assert len(lake.rows(branch=report.branch)) == 5
    check_after(lake)


def check_after(lake):
    assert [row["run_id"] for row in lake.rows(QUARANTINE)] == [RUN]
    rules = Counter(row["rule"] for row in lake.rows(QUALITY) if row["run_id"] == RUN)
    assert set(rules.values()) == {1}


@pytest.mark.parametrize("commit", COMMITS)
def test_a_commit_that_was_not_made_fails_by_a_name_that_is_tried_again(lake, monkeypatch, commit):
    update, numbers = LakeCatalog._update_glue_table, count(1)
    throttled = {"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {"HTTPStatusCode": 400}}

    def failing(*arguments, **named):
        if next(numbers) == commit:
            raise ClientError(throttled, "UpdateTable")
        update(*arguments, **named)

    monkeypatch.setattr(LakeCatalog, "_update_glue_table", failing)
    with pytest.raises(TransientError, match="ThrottlingException"), aws_errors():
        load(lake)
    monkeypatch.setattr(LakeCatalog, "_update_glue_table", update)

    check_repeated(lake)


@pytest.mark.parametrize(("step", "late"), [("stored_days", True), ("merge", False)])
def test_of_two_executions_of_a_run_one_wins_and_the_other_publishes_nothing(lake, monkeypatch, step, late):
    files, original, answers = list(lake.files), getattr(DuckDBEngine, step), []

    def overtaken(engine, *arguments):
        monkeypatch.setattr(DuckDBEngine, step, original)
        early = original(engine, *arguments)
        answers.append(load(lake, files=files))
        return early

    monkeypatch.setattr(DuckDBEngine, step, overtaken)
    with pytest.raises(TransientError, match="another execution of this run") if late else nullcontext():
        load(lake)

    [winner] = answers
    assert len(lake.rows(branch=winner.branch)) == 5
    assert str(head_of_branch(lake, winner.branch)) == winner.snapshot_id
    check_repeated(lake)


def head_of_branch(lake, branch):
    return load_catalog().load_table(lake._identifier(lake.table)).metadata.refs[branch].snapshot_id


def refuse_three_rows(prefix, dataset, barrier):
    """Load a file of three rows that break rules, together with others."""
    one = LightLake(spark=None, incoming=None, dataset=dataset, prefix=prefix)
    one.drop("bad.csv", csv([{}] * 3, header_of(dataset)))
    barrier.wait(120)
    one.run()


def test_loads_of_all_datasets_write_quarantine_and_results_at_the_same_time(lake):
    for contract in DROPPED.values():
        lake.make(contract.table)
    barrier = CONTEXT.Barrier(len(DROPPED))
    processes = [start(refuse_three_rows, lake.prefix, dataset, barrier) for dataset in DROPPED]
    for process in processes:
        process.join(300)

    assert [process.exitcode for process in processes] == [0] * len(DROPPED)
    assert Counter(row["dataset"] for row in lake.rows(QUARANTINE)) == dict.fromkeys(DROPPED, 3)
    assert {row["dataset"] for row in lake.rows(QUALITY)} >= set(DROPPED)


SOURCES = ("transactions", "shop_order_lines", "fx_rates", "products")
TABLES = (*SOURCES, "order_lines", "fct_orders", "sales_daily", "ops")
REBUILT = ("processed.order_lines", "curated.fct_orders", "curated.sales_daily")


def rebuild(prefix, quality, plan):
    light_lake.use_compiled_queries()
    with duckdb_refresh_engine(plan.run_id) as engine:
        return refresh(Run(engine, plan, GRAPH, prefix, quality, utc_now()))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    made = generate_world(folder, days=1, orders_per_day=8, seed=3, dirty=0, start_date=date(2026, 2, 27))
    datasets = ("transactions", "fx_rates")
    return [(name, folder / file.name) for name in datasets for file in made.datasets[name].files]


@pytest.mark.parametrize(("place", "commit"), [("before the metadata of", 1), ("after", 2), ("before the files of", 3)])
def test_a_refresh_that_was_killed_is_repeated_and_rebuilds_the_rest(localaws, world, name, place, commit):
    with bucket_in(localaws, "light-faults") as bucket:
        lake = light_lake.LightLake(f"{name}_", bucket, datasets=TABLES)
        lake.load_files(world)
        stale = [one for one in GRAPH.stale(dict.fromkeys(REBUILT, WHOLE)) if one.table in REBUILT]
        plan = RefreshPlan(
            run_id="refresh-20260301T120000-0000aa", created_at="", tables=stale, changes=dict.fromkeys(REBUILT, WHOLE)
        )
        places = (lake.prefix, lake.name(QUALITY), plan)

        assert killed(rebuild, *places, place=place, commit=commit)
        again = rebuild(*places)
        checked = lake.check(REBUILT)

    assert {table.table: table.outcome for table in again.tables} == dict.fromkeys(REBUILT, "rebuilt")
    assert {table: checked[table].differences for table in REBUILT} == {table: [] for table in REBUILT}
    assert all(lake_rows > 0 for lake_rows in (table.rows for table in again.tables))
