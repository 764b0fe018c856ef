"""Rebuild every stale table of a plan, each after those it is built from, on any engine.

Tables that do not depend on each other are built in parallel. A table that fails keeps its rows; those built from it
are skipped, and all others are rebuilt.
"""

import logging
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Literal, TypeAlias

from cartlake.errors import TerminalError
from cartlake.refresh.graph import Scope, StaleTable, build_of
from cartlake.runs.documents import RefreshReport, TableRefresh
from cartlake.tables.snapshots import MAIN
from cartlake.times import stamp, utc_now
from glue_jobs.engines.refresh import Measured
from glue_jobs.table_refresh import checking
from glue_jobs.table_refresh.building import Building, building
from glue_jobs.table_refresh.checking import record_quality
from glue_jobs.table_refresh.run import Run

log = logging.getLogger(__name__)

Result: TypeAlias = tuple[TableRefresh, Scope, list[Measured]]
"""The outcome of one table, which of its rows were stale, and what its rules measured."""


class RefreshError(TerminalError):
    """Some tables could not be rebuilt. They keep their rows, and stay stale."""


def refresh(run: Run) -> RefreshReport:
    """Rebuild, or with the plan's `check` only compare, the tables of the plan, and return the outcome of each.

    Never raises for a single table, unless the engine is too small for it: then one of its `limit_errors`. It may be
    repeated, on any engine.
    """
    run.engine.forget(run.name(table) for table in _mentioned(run))
    done: dict[str, TableRefresh] = {}
    changes = dict(run.plan.changes)
    measured: dict[str, list[Measured]] = {}
    waiting = {table.table: table for table in run.plan.tables}
    with _threads(run.engine.parallel_tables) as pool:
        working: dict[Future[Result], str] = {}
        while waiting or working:
            for stale in _ready(waiting, done):
                del waiting[stale.table]
                working[pool.submit(_attempt, run, stale, done, dict(changes))] = stale.table
            finished, _ = wait(working, return_when=FIRST_COMPLETED)
            for future in finished:
                name = working.pop(future)
                done[name], scope, measured[name] = future.result()
                # An unchanged table of a retried plan may have been rebuilt by the refresh that failed.
                if done[name].outcome == "rebuilt" or (run.plan.retried and done[name].outcome == "unchanged"):
                    changes[name] = scope
    if not run.plan.check:
        _record_quality(run, measured)
    return RefreshReport(
        run_id=run.plan.run_id,
        tables=[done[table.table] for table in run.plan.tables],
        started_at=stamp(run.started_at),
        ended_at=stamp(utc_now()),
    )


@contextmanager
def _threads(number: int) -> Iterator[ThreadPoolExecutor]:
    """Threads to build tables in; tables that still wait for one are left alone when the block raises."""
    with ThreadPoolExecutor(number) as pool:
        try:
            yield pool
        except Exception:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def failure(report: RefreshReport) -> RefreshError | None:
    """Return the error that names the tables that failed, None when none did."""
    faults = [f"{table.table}: {table.error}" for table in report.tables if table.outcome == "failed"]
    return RefreshError(f"{len(faults)} of {len(report.tables)} tables failed. {' '.join(faults)}") if faults else None


def _ready(waiting: dict[str, StaleTable], done: dict[str, TableRefresh]) -> list[StaleTable]:
    """Return those whose upstreams are done; an upstream that failed is done too."""
    return [stale for stale in waiting.values() if all(upstream in done for upstream in stale.after)]


def _attempt(run: Run, stale: StaleTable, done: dict[str, TableRefresh], changes: dict[str, Scope]) -> Result:
    """Rebuild one table as far as its upstreams changed. Raises the engine's `limit_errors`.

    Any other error is part of the result.
    """
    started = time.monotonic()
    scope = stale.scope if run.plan.check else run.graph.scope_of(stale.table, changes)
    about = {"table": stale.table, "scope": str(scope)}
    if failed := [name for name in stale.after if done[name].outcome in ("failed", "skipped")]:
        error = f"{', '.join(failed)}, from which it is built, failed or was skipped"
        return TableRefresh(**about, outcome="skipped", error=error), scope, []
    if not scope:
        return TableRefresh(**about, outcome="unchanged"), scope, []
    try:
        with run.engine.limits(), building(run, stale.table, scope) as one:
            result, measured = _check(one) if run.plan.check else _rebuild(one)
    except run.engine.limit_errors:
        raise
    except Exception as error:  # whatever it is, the other tables are rebuilt
        log.exception("%s could not be rebuilt", stale.table)
        result, measured = TableRefresh(**about, outcome="failed", error=f"{type(error).__name__}: {error}"[:2000]), []
    seconds = round(time.monotonic() - started, 3)
    log.info("%s: %s (%s), %d rows in %.1f s", stale.table, result.outcome, scope, result.rows, seconds)
    return result.model_copy(update={"seconds": seconds}), scope, measured


def _rebuild(one: Building) -> tuple[TableRefresh, list[Measured]]:
    """Build, judge and replace the stale rows; change nothing when the table has the same rows already."""
    run, engine, table = one.run, one.engine, one.table
    read = _snapshots_read(one)
    rows = engine.with_values(one.rows(), {"_updated_at": run.started_at, "_run_id": run.plan.run_id})
    with engine.held(rows) as held:
        built, measured = engine.measure_rows(held, table, run.started_at)
        checking.judge(table, measured)
        same = engine.head(one.name, MAIN) is not None and engine.fingerprint(one.stored(), table) == built
        if not same:
            one.replace(held)
    # An earlier attempt of this run may have written the rows: then what is built from them is stale still.
    outcome: Literal["rebuilt", "unchanged"] = "rebuilt"
    if same and engine.head_run(one.name) != run.plan.run_id:
        outcome = "unchanged"
    about = {"table": table.physical_name, "scope": str(one.scope)}
    done = TableRefresh(**about, outcome=outcome, rows=built.rows)
    return (done.model_copy(update={"read": read, **_written(one)}) if outcome == "rebuilt" else done), measured


def _snapshots_read(one: Building) -> dict[str, str]:
    """The snapshots of the tables that a table is built from, as this run reads them."""
    upstreams = [upstream.table for upstream in build_of(one.table).upstreams]
    found = {name: one.engine.main_snapshot(one.run.name(name)) for name in upstreams}
    return {name: str(snapshot.snapshot_id) for name, snapshot in found.items() if snapshot}


def _written(one: Building) -> dict[str, object]:
    """The snapshot that a table has now, and the bytes that were written for it."""
    head, snapshot = one.engine.head(one.name, MAIN), one.engine.main_snapshot(one.name)
    known = snapshot is not None and snapshot.snapshot_id == head
    return {
        "snapshot_id": None if head is None else str(head),
        "size": snapshot.added_bytes if snapshot and known else None,
    }


def _check(one: Building) -> tuple[TableRefresh, list[Measured]]:
    engine, table = one.engine, one.table
    with engine.held(one.rows()) as held:
        found = checking.differences(engine, one.stored(), held, table)
        rows = engine.count(held)
    name = table.physical_name
    return TableRefresh(table=name, scope=str(one.scope), outcome="checked", rows=rows, differences=found), []


def _mentioned(run: Run) -> list[str]:
    """The physical names of the tables of the plan, and of those they are built from."""
    built = [run.graph.table(stale.table) for stale in run.plan.tables]
    read = [upstream.table for table in built if table.build for upstream in table.build.upstreams]
    return list(dict.fromkeys([*read, *(table.physical_name for table in built)]))


def _record_quality(run: Run, measured: dict[str, list[Measured]]) -> None:
    record_quality(run.engine, run.quality, run.plan.run_id, measured, run.started_at)
