"""First step of the refresh: plan it by all stale tables. First step of the forecast: plan all of its tables.

It may be invoked again after a timeout or a crash. Marks this run has claimed already stay its own.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from aws_lambda_powertools.utilities.typing import LambdaContext

from cartlake import contracts
from cartlake.aws import s3
from cartlake.ledger import Lock, LockHeldError, RunState
from cartlake.lineage.model import LineageRun
from cartlake.lineage.runs import Catalog, refresh_run
from cartlake.refresh.graph import WHOLE, StaleTable
from cartlake.runs.documents import EngineChoice, RefreshPlan
from cartlake.runs.engine_choice import choose_refresh_engine, runner_of, spark_only
from cartlake.runs.ids import Workflow, subject_of
from cartlake.tables.table_size import table_bytes
from cartlake.times import parse, stamp, utc_now
from lambdas.refresh_planner.adapters import graph
from lambdas.refresh_planner.domain import changed, checked_tables, involved, total
from lambdas.refresh_planner.settings import settings
from lambdas.shared.clients import ledger
from lambdas.shared.counting import count
from lambdas.shared.entry import Answer, entry, logger, tracer
from lambdas.shared.lineage import catalog_of, write_lineage
from lambdas.shared.waiting import Waiting, begin

settings()  # a bad environment fails the cold start

_PARALLEL_READS: Final = 8

LOOK_AGAIN_SECONDS: Final = 2
"""The pause between two looks at whether files are still being loaded."""


class Request(Waiting):
    """`check` names tables to build anew and compare, without a change; else all that is stale is rebuilt."""

    run_id: str
    check: list[str] | None = None


@entry(Request)
def lambda_handler(request: Request, context: LambdaContext) -> Answer:
    run_id = request.run_id
    if subject_of(run_id) == Workflow.FORECAST:
        return plan_forecast(run_id, catalog_of(context.invoked_function_arn))
    if request.is_to_wait:
        return waiting(run_id, request.wait_seconds)
    if request.has_waited and not begin(Workflow.REFRESH, run_id):
        return waiting(run_id, 0)  # whoever has the lock starts the next run when it is released
    if not ledger().locks.acquire(Workflow.REFRESH, run_id):
        raise LockHeldError(f"Run {run_id} may not rebuild tables: another run does. `lake runs` shows which.")
    lock = ledger().locks.get(Workflow.REFRESH)
    if request.check is None and lock is not None and gathering(lock):
        return waiting(run_id, LOOK_AGAIN_SECONDS)
    ledger().runs.start(run_id, lock.execution_arn if lock else None)
    # Claimed first: marks of a run that fails from here on start no other.
    marks = [] if request.check is not None else ledger().stale.claim(run_id)
    changes = changed(graph(), marks)
    tables = graph().stale(changes) if request.check is None else checked_tables(graph(), request.check)
    size = size_of(tables) if tables else None
    engine = choose(run_id, tables, size) if tables else None
    plan = RefreshPlan(
        run_id=run_id,
        created_at=stamp(utc_now()),
        changes=changes,
        tables=list(tables),
        check=request.check is not None,
        retried=any(mark.retried for mark in marks),
        engine=engine,
        size=size,
    )
    folder = settings().folder(run_id)
    s3.write_text(folder.plan, plan.model_dump_json(indent=2))
    logger.info("refresh_planned", run_id=run_id, tables={table.table: str(table.scope) for table in tables})
    if tables:
        write_lineage(run_id, lambda: begun(run_id, tables, catalog_of(context.invoked_function_arn)))
    else:
        ledger().runs.finish(run_id, None, "")
    return {
        "run_id": run_id,
        "wait_seconds": 0,
        "table_count": len(tables),
        "plan_uri": folder.plan,
        "refresh_job": settings().refresh_job,
        "runner": runner_of(engine, settings().spark_runner) if engine else None,
    }


def waiting(run_id: str, seconds: int) -> Answer:
    """Answer that nothing is rebuilt now; with `seconds`, that the planner is to be asked again after them."""
    return {"run_id": run_id, "wait_seconds": seconds, "table_count": 0}


def plan_forecast(run_id: str, catalog: Catalog) -> Answer:
    """Plan the forecast: all its tables, built by its job. Raises LockHeldError while another run forecasts."""
    if not ledger().locks.acquire(Workflow.FORECAST, run_id):
        raise LockHeldError(f"Run {run_id} may not forecast: another run does. `lake runs` shows which.")
    lock = ledger().locks.get(Workflow.FORECAST)
    ledger().runs.start(run_id, lock.execution_arn if lock else None)
    tables = [StaleTable(table=name, scope=WHOLE) for name in graph().forecast_order]
    folder = settings().folder(run_id)
    plan = RefreshPlan(run_id=run_id, created_at=stamp(utc_now()), tables=tables)
    s3.write_text(folder.plan, plan.model_dump_json(indent=2))
    logger.info("forecast_planned", run_id=run_id, tables=[table.table for table in tables])
    write_lineage(run_id, lambda: begun(run_id, tables, catalog))
    return {"run_id": run_id, "plan_uri": folder.plan, "forecast_job": settings().forecast_job}


def begun(run_id: str, tables: Sequence[StaleTable], catalog: Catalog) -> LineageRun | None:
    """Return the lineage of the refresh or forecast as it begins; None for one that is not at work any more."""
    run = ledger().runs.get(run_id)
    if run is None or run.state is not RunState.RUNNING:
        return None
    return refresh_run(run, [table.table for table in tables], None, catalog)


@tracer.capture_method(capture_response=False)
def size_of(tables: Sequence[StaleTable]) -> int | None:
    """Return the bytes of all tables that are rebuilt or read, None where that is not known of one."""
    prefix = settings().database_prefix
    names = [(f"{prefix}{table.database}", table.bare_name) for table in involved(graph(), tables)]
    with ThreadPoolExecutor(_PARALLEL_READS) as pool:
        return total(pool.map(lambda name: table_bytes(*name), names))


def choose(run_id: str, tables: Sequence[StaleTable], size: int | None) -> EngineChoice:
    """Return the engine that rebuilds the tables, and put it on record."""
    known = ledger().fallbacks.get(Workflow.REFRESH, utc_now())
    too_large = known.size if known else None
    reasons = [reason for table in tables if (reason := spark_only(graph().table(table.table)))]
    only_spark = reasons[0] if reasons else None
    number, limits = len(involved(graph(), tables)), settings().limits
    chosen = choose_refresh_engine(number, size, limits, too_large=too_large, only_spark=only_spark)
    ledger().runs.chosen(run_id, chosen)
    count(Workflow.REFRESH, **{f"Runs{chosen.engine.title()}": 1})
    logger.info("engine_chosen", run_id=run_id, **chosen.model_dump())
    return chosen


def gathering(lock: Lock) -> bool:
    """Return whether to wait for runs that are loading files: what they change is then rebuilt by the same job."""
    if ledger().stale.of_run(lock.run_id):
        return False  # an earlier attempt has claimed already
    waited = (utc_now() - parse(lock.acquired_at)).total_seconds()
    return waited < settings().gather_seconds and any(map(loading, contracts.names()))


def loading(dataset: str) -> bool:
    """Return whether a run loads files of the dataset, or is about to; maintenance changes no row.

    The run that starts a refresh has put its own rows on record, and has the lock for a moment yet.
    """
    lock = ledger().locks.get(dataset)
    if lock is None or subject_of(lock.run_id) == Workflow.MAINTENANCE:
        return False
    run = ledger().runs.get(lock.run_id)
    ended = run is not None and run.state is not RunState.RUNNING
    return ledger().has_pending(dataset) if ended else True
