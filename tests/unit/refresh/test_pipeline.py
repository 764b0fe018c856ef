"""The flow of a refresh on an engine that only answers: order, faults of single tables, limits of the engine."""

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from cartlake import contracts
from cartlake.refresh.graph import WHOLE, Graph, StaleTable
from cartlake.runs.documents import RefreshPlan
from glue_jobs.engines.refresh import Fingerprint, MainSnapshot
from glue_jobs.table_refresh.pipeline import failure, refresh
from glue_jobs.table_refresh.run import Run

GRAPH = Graph.of(contracts.load_all())
LINES, ORDERS, DAILY = "processed.order_lines", "curated.fct_orders", "curated.sales_daily"


class TooSmallError(Exception):
    pass


@dataclass
class Engine:
    """Builds nothing: rows are names. `broken` raises while a table is built; `stored` are tables with these rows.

    `written_before` are the names of tables whose rows are of the run itself.
    """

    broken: dict = field(default_factory=dict)
    stored: set = field(default_factory=set)
    written: list = field(default_factory=list)
    recorded: list = field(default_factory=list)
    written_before: set = field(default_factory=set)
    parallel_tables = 1
    limit_errors = (TooSmallError,)

    def limits(self):
        return nullcontext()

    def forget(self, tables):
        self.forgotten = list(tables)

    def read_days(self, name, table, days):
        return f"stored {name}"

    def apply(self, transform, *inputs, **constants):
        name = constants["table"].physical_name
        if name in self.broken:
            raise self.broken[name]
        return f"built {name}"

    def where(self, rows, condition):
        return rows

    def with_values(self, rows, values):
        return rows

    @contextmanager
    def held(self, rows):
        yield rows

    def fingerprint(self, rows, table):
        return Fingerprint(1, 1 if table.physical_name in self.stored else 0)

    def measure_rows(self, rows, table, now):
        return Fingerprint(1, 1), []

    def replace_days(self, name, table, days, rows):
        self.written.append(name)

    def head(self, name, reference):
        return 7

    def main_snapshot(self, name):
        return MainSnapshot(7, 123)

    def head_run(self, name):
        return "run-1" if name in self.written_before else "run-0"

    def frame(self, rows, schema):
        return rows

    def replace_rows(self, table, where, rows):
        self.recorded.append((table, where))


def run(engine, *tables, changes=None, retried=False):
    stale = [
        StaleTable(table=name, scope=WHOLE, after=[up for up in _reads(name) if up in tables[:place]])
        for place, name in enumerate(tables)
    ]
    changes = changes or dict.fromkeys(tables, WHOLE)
    plan = RefreshPlan(run_id="run-1", created_at="", changes=changes, tables=stale, retried=retried)
    report = refresh(Run(engine, plan, GRAPH, "glue.", "glue.ops.quality_results", datetime(2026, 3, 1, tzinfo=UTC)))
    return report, {table.table: table.outcome for table in report.tables}


def _reads(name):
    return {up.table for up in GRAPH.tables[name].build.upstreams}


def test_tables_are_written_after_those_they_are_built_from():
    engine = Engine()

    report, outcomes = run(engine, LINES, ORDERS, DAILY)

    assert set(outcomes.values()) == {"rebuilt"}
    assert engine.written == [f"glue.{name}" for name in (LINES, ORDERS, DAILY)]
    assert {table.snapshot_id for table in report.tables} == {"7"}
    assert (report.tables[1].read, report.tables[1].size) == ({LINES: "7"}, 123)
    assert engine.recorded == [("glue.ops.quality_results", "run_id = 'run-1'")]
    assert "glue.processed.transactions" in engine.forgotten


def test_what_turns_out_the_same_is_not_written_and_nothing_after_it_is_built():
    engine = Engine(stored={LINES}, broken={ORDERS: RuntimeError("was built")})

    _, outcomes = run(engine, LINES, ORDERS, changes={"processed.transactions": WHOLE})

    assert outcomes == {LINES: "unchanged", ORDERS: "unchanged"}
    assert engine.written == []


def test_after_a_refresh_that_failed_what_is_built_from_unchanged_tables_is_built_too():
    """The refresh that failed may have rebuilt the order lines, and failed before the orders."""
    engine = Engine(stored={LINES})

    _, outcomes = run(engine, LINES, ORDERS, changes={"processed.transactions": WHOLE}, retried=True)

    assert outcomes == {LINES: "unchanged", ORDERS: "rebuilt"}
    assert engine.written == [f"glue.{ORDERS}"]


def test_what_an_earlier_attempt_wrote_is_not_written_again_but_what_is_built_from_it_is():
    engine = Engine(stored={LINES}, written_before={f"glue.{LINES}"})

    report, outcomes = run(engine, LINES, ORDERS, changes={"processed.transactions": WHOLE})

    assert outcomes == {LINES: "rebuilt", ORDERS: "rebuilt"}
    assert report.tables[0].snapshot_id == "7"
    assert engine.written == [f"glue.{ORDERS}"]


def test_a_table_that_fails_is_named_and_those_built_from_it_are_skipped():
    engine = Engine(broken={LINES: RuntimeError("it broke")})

    report, outcomes = run(engine, LINES, ORDERS, "curated.dim_date")

    assert outcomes == {LINES: "failed", ORDERS: "skipped", "curated.dim_date": "rebuilt"}
    assert "1 of 3 tables failed. processed.order_lines: RuntimeError: it broke" in str(failure(report))


def test_a_limit_of_the_engine_ends_the_refresh_instead_of_failing_one_table():
    engine = Engine(broken={ORDERS: TooSmallError("memory")})

    with pytest.raises(TooSmallError):
        run(engine, LINES, ORDERS, "processed.customer_months")
    assert engine.written == [f"glue.{LINES}"]
    assert engine.recorded == []


def test_nothing_failed_is_no_failure():
    report, _ = run(Engine(), "curated.dim_date")

    assert failure(report) is None
