"""First step of maintenance: plan it by the metadata of every table. If no table needs any, no job is started.

It may be invoked again after a timeout or a crash: it reads the metadata again, and writes the plan anew.
"""

from datetime import datetime

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from cartlake import contracts
from cartlake.aws import s3
from cartlake.ledger import LockHeldError, RunState
from cartlake.lineage.model import LineageRun
from cartlake.lineage.runs import Catalog, maintenance_run
from cartlake.maintenance.documents import MaintenancePlan, MaintenanceRequest, SkippedTable, TableWork
from cartlake.runs.ids import Workflow
from cartlake.tables.broken_metadata import UnreadableTableError
from cartlake.times import stamp, utc_now
from lambdas.maintenance_planner.adapters import metadata
from lambdas.maintenance_planner.domain import Planner, chosen
from lambdas.maintenance_planner.settings import settings
from lambdas.shared.clients import ledger
from lambdas.shared.entry import Answer, entry, logger
from lambdas.shared.lineage import catalog_of, write_lineage

settings()  # a bad environment fails the cold start


class Request(BaseModel):
    run_id: str
    request: MaintenanceRequest = MaintenanceRequest()


@entry(Request)
def lambda_handler(request: Request, context: LambdaContext) -> Answer:
    run_id = request.run_id
    if not ledger().locks.acquire(Workflow.MAINTENANCE, run_id):
        raise LockHeldError(f"Run {run_id} may not maintain tables: another run does. `lake runs` shows which.")
    lock = ledger().locks.get(Workflow.MAINTENANCE)
    ledger().runs.start(run_id, lock.execution_arn if lock else None)
    plan = planned(run_id, request.request, utc_now())
    uri = settings().folder(run_id).plan
    s3.write_text(uri, plan.model_dump_json(indent=2))
    logger.info("maintenance_planned", run_id=run_id, tables=[work.table for work in plan.tables])
    if not plan.tables:
        if plan.unreadable:
            raise UnreadableTableError(" ".join(one.reason for one in plan.unreadable))
        ledger().runs.finish(run_id, None, "")
    else:
        write_lineage(run_id, lambda: begun(plan, catalog_of(context.invoked_function_arn)))
    return {
        "run_id": run_id,
        "table_count": len(plan.tables),
        "plan_uri": uri,
        "maintenance_job": settings().maintenance_job,
    }


def begun(plan: MaintenancePlan, catalog: Catalog) -> LineageRun | None:
    """Return the lineage of the run as it begins; None for one that is not at work any more."""
    run = ledger().runs.get(plan.run_id)
    if run is None or run.state is not RunState.RUNNING:
        return None
    return maintenance_run(run, [work.table for work in plan.tables], None, catalog)


def planned(run_id: str, request: MaintenanceRequest, now: datetime) -> MaintenancePlan:
    """Return the plan, made by the metadata of every table. One that cannot be read does not stop the others."""
    planner, judged, unreadable = Planner(request, now, ledger().maintenance.last()), [], []
    for contract, table in chosen(contracts.load_all(), request.tables):
        try:
            judged.append(planner.judge(contract, table, metadata().file_stats(table)))
        except UnreadableTableError as error:
            logger.exception("table_unreadable", table=table.physical_name)
            unreadable.append(SkippedTable(table=table.physical_name, reason=str(error)))
    return MaintenancePlan(
        run_id=run_id,
        created_at=stamp(now),
        force=request.force,
        keep_snapshots_days=request.keep_snapshots_days,
        tables=[one for one in judged if isinstance(one, TableWork)],
        skipped=[one for one in judged if isinstance(one, SkippedTable)],
        unreadable=unreadable,
    )
