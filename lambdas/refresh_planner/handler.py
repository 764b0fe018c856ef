"""First step of the refresh: plan it by all stale tables.

It may be invoked again after a timeout or a crash. Marks this run has claimed already stay its own.
"""

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from cartlake import contracts
from cartlake.aws import s3
from cartlake.ledger import Lock, LockHeldError
from cartlake.refresh.graph import Scope
from cartlake.runs.documents import RefreshPlan
from cartlake.runs.ids import Workflow, subject_of
from cartlake.times import parse, stamp, utc_now
from lambdas.refresh_planner.adapters import graph
from lambdas.refresh_planner.domain import changed, checked_tables
from lambdas.refresh_planner.settings import settings
from lambdas.shared.clients import ledger
from lambdas.shared.entry import Answer, entry, logger

settings()  # a bad environment fails the cold start


class Request(BaseModel):
    """`check` names tables to build anew and compare, without a change; else all that is stale is rebuilt."""

    run_id: str
    check: list[str] | None = None


@entry(Request)
def lambda_handler(request: Request, _context: LambdaContext) -> Answer:
    run_id = request.run_id
    if not ledger().locks.acquire(Workflow.REFRESH, run_id):
        raise LockHeldError(f"Run {run_id} may not rebuild tables: another run does. `lake runs` shows which.")
    lock = ledger().locks.get(Workflow.REFRESH)
    if request.check is None and lock is not None and gathering(lock):
        return {"run_id": run_id, "gathering": True, "table_count": 0}
    ledger().runs.start(run_id, lock.execution_arn if lock else None)
    changes = {} if request.check is not None else claimed(run_id)
    tables = graph().stale(changes) if request.check is None else checked_tables(graph(), request.check)
    plan = RefreshPlan(
        run_id=run_id,
        created_at=stamp(utc_now()),
        changes=changes,
        tables=list(tables),
        check=request.check is not None,
    )
    folder = settings().folder(run_id)
    s3.write_text(folder.plan, plan.model_dump_json(indent=2))
    logger.info("refresh_planned", run_id=run_id, tables={table.table: str(table.scope) for table in tables})
    if not tables:
        ledger().runs.finish(run_id, None, "")
    return {
        "run_id": run_id,
        "gathering": False,
        "table_count": len(tables),
        "plan_uri": folder.plan,
        "refresh_job": settings().refresh_job,
    }


def gathering(lock: Lock) -> bool:
    """Return whether to wait for runs that are loading files: what they change is then rebuilt by the same job."""
    if ledger().stale.of_run(lock.run_id):
        return False  # an earlier attempt has claimed already
    waited = (utc_now() - parse(lock.acquired_at)).total_seconds()
    return waited < settings().gather_seconds and any(map(loading, contracts.names()))


def loading(dataset: str) -> bool:
    """Return whether a run loads files of the dataset; maintenance changes no row."""
    lock = ledger().locks.get(dataset)
    return lock is not None and subject_of(lock.run_id) != Workflow.MAINTENANCE


def claimed(run_id: str) -> dict[str, Scope]:
    """Claim what changed since the last refresh for this run, and return it by table."""
    marks = ledger().stale.claim(run_id)  # first: marks of a run that fails from here on start no other
    return changed(graph(), marks)
