"""Tables that Spark and the light engine write in turns: the same rows as if either had been alone."""

from collections import Counter

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cartlake import contracts
from cartlake.maintenance.health import measure
from glue_jobs.engines.duckdb.engine import DuckDBEngine
from glue_jobs.table_maintenance.file_stats import file_stats_of
from glue_jobs.table_maintenance.procedures import Procedures, StepLimit
from tests.integration.ended import killed
from tests.property.worlds import DAYS, at, order_lines
from tests.spark.loading import csv, header_of
from tests.spark.order_lines import AS_WRITTEN as GOOD

pytestmark = pytest.mark.spark

HEADER = header_of("transactions")
QUARANTINE = "ops.quarantine_rows"
EXAMPLES = settings.default.max_examples // 50
"""`make prove` draws ten times as many."""
TIMES = {"_ingested_at", "_updated_at", "quarantined_at"}
OF_RUNS = TIMES | {"run_id", "_run_id", "_source_file"}
ENGINES = st.sampled_from(["light", "spark"])


def line(number, **changes):
    return GOOD | {"order_id": f"ORD-{number:010X}"} | changes


def plain(rows, without=TIMES):
    """Rows without some columns, each with its number."""
    return Counter(tuple((k, str(v)) for k, v in sorted(row.items()) if k not in without) for row in rows)


def state(lake, without=TIMES):
    """What readers find in the table, and what is in quarantine."""
    return plain(lake.rows(), without), plain(lake.rows(QUARANTINE), without)


def answers(report):
    """What a load says of a batch, whoever did it, and whenever: rules that measure the age of rows are left out."""
    measured = [one for one in report.measurements if one.rule not in {"batch_is_fresh", "ordered_at_within_sla"}]
    return report.rows, report.row_rules, measured, report.touched_days


FAULTS = ["", "", "", "", "status", "order_id", "moved"]


@st.composite
def dropped_rows(draw):
    """An order line: at times with a fault, or of another day than the order was of before."""
    row = draw(order_lines())
    fault = draw(st.sampled_from(FAULTS))
    if fault == "status":
        return row | {"order_status": "lost"}
    if fault == "order_id":
        return row | {"order_id": ""}
    return row | ({"ordered_at": at(draw(st.sampled_from(DAYS)), 60)} if fault == "moved" else {})


FILES = st.lists(dropped_rows(), min_size=1, max_size=5)
BATCHES = st.lists(st.tuples(ENGINES, st.lists(FILES, min_size=1, max_size=2)), min_size=2, max_size=3)


def load_all(lake, batches, choose):
    """Load batches one after the other; what each said."""
    names = iter(range(1000))
    said = []
    for engine, files in batches:
        lake.engine = choose(engine)
        for rows in files:
            lake.drop(f"{next(names):03d}.csv", csv(rows, HEADER))
        said.append(answers(lake.run()[0]))
    return said


@settings(
    max_examples=EXAMPLES,
    phases=[Phase.generate],
)
@given(batches=BATCHES)
def test_whatever_engine_loads_each_batch_the_tables_are_the_same(shared_lake, batches):
    mixed, light, spark, scratch = (shared_lake("light") for _ in range(4))

    said = load_all(mixed, batches, lambda engine: engine)
    assert said == load_all(light, batches, lambda _: "light")
    assert said == load_all(spark, batches, lambda _: "spark")
    load_all(scratch, [("light", [rows for _, files in batches for rows in files])], lambda engine: engine)

    assert state(mixed) == state(light) == state(spark)
    assert state(mixed, OF_RUNS) == state(scratch, OF_RUNS)


def test_a_load_that_was_killed_half_way_is_done_by_spark_as_if_it_had_been_spark_s_from_the_start(shared_lake):
    rows = [line(0, order_status="refunded", updated_at="2026-03-09T10:00:00Z"), line(9), line(1), line(7)]
    rows[3] |= {"order_id": "not an order"}
    fallen, spark = shared_lake("light"), shared_lake("spark")
    for lake in (fallen, spark):
        lake.load("first.csv", line(0), line(1))
        lake.drop("second.csv", csv(rows, HEADER))
    run_id = "transactions-20260301T120000-0000aa"

    manifest = fallen.manifest(run_id, fallen.files, backfill=False)
    assert killed(load_light, fallen.prefix, run_id, manifest, place="after", commit=2)
    fallen.engine = "spark"
    again, alone = fallen.run(run_id)[0], spark.run(run_id)[0]

    assert answers(again) == answers(alone)
    assert tuple(again.rows.model_dump().values()) == (4, 2, 1, 1)
    assert state(fallen) == state(spark)


def load_light(prefix, run_id, manifest):
    """Load with the light engine, in a process of its own."""
    from tests.spark.light_loading import LightLake

    LightLake(spark=None, incoming=None, prefix=prefix).job(run_id, manifest, "load")


def rewrite(lake):
    """Join the files of the table, without the rows that were deleted in them, as maintenance does; what it counted."""
    table = contracts.load(lake.dataset).table
    lake.spark.catalog.refreshTable(lake.name())
    health = measure(file_stats_of(lake.spark, lake.name(), table.maintenance), table.maintenance)
    work = Procedures(
        lake.spark, lake.name(), table.maintenance, force=True, step_limit=StepLimit(), order=table.sort_order
    )
    return health, work.rewrite_data_files(work.rewriting(health))


def spark_rows(lake):
    lake.spark.catalog.refreshTable(lake.name())
    return plain(row.asDict() for row in lake.spark.table(lake.name()).collect())


@pytest.mark.parametrize("first", ["light", "spark"])
def test_each_engine_merges_over_what_the_other_wrote_and_what_was_compacted(shared_lake, first, monkeypatch):
    monkeypatch.setattr(DuckDBEngine, "tidy", lambda *_: None)  # or deleted rows would have left the files already
    second = {"light": "spark", "spark": "light"}[first]
    lake = shared_lake(first)
    lake.load("a.csv", *(line(number) for number in range(4)))
    lake.load("b.csv", line(0, order_status="refunded", updated_at="2026-03-09T10:00:00Z"), line(4))
    lake.engine = second
    over = lake.load("c.csv", line(1, order_status="cancelled", updated_at="2026-03-09T10:00:00Z"), line(0), line(5))
    before = len(lake.rows())

    health, rewritten = rewrite(lake)
    lake.engine = first
    last = lake.load("d.csv", line(2, order_status="delivered", updated_at="2026-03-09T10:00:00Z"), line(6))

    assert tuple(over.rows.model_dump().values()) == (3, 2, 0, 1)
    assert (before, health.deleted_rows) == (6, 2)
    assert rewritten["rewritten_data_files_count"] > 1
    assert tuple(last.rows.model_dump().values()) == (2, 2, 0, 0)
    assert lake.statuses() == {"paid": 4, "refunded": 1, "cancelled": 1, "delivered": 1}
    assert len(spark_rows(lake)) == len(lake.rows()) == 7
