"""The inputs of one refresh."""

from dataclasses import dataclass
from datetime import datetime

from cartlake import contracts
from cartlake.aws import s3
from cartlake.errors import TerminalError
from cartlake.refresh.graph import Graph
from cartlake.runs.documents import EngineChoice, EngineName, RefreshPlan, RefreshReport
from cartlake.times import utc_now
from glue_jobs.engines.refresh import RefreshEngine


@dataclass(frozen=True, slots=True)
class Run:
    """Inputs of one refresh. `prefix` stands before the physical names of tables on the engine."""

    engine: RefreshEngine
    plan: RefreshPlan
    graph: Graph
    prefix: str
    quality: str
    started_at: datetime

    def name(self, physical_name: str) -> str:
        """Return the name of a table on the engine: catalog.database.table."""
        return f"{self.prefix}{physical_name}"


def read_plan(uri: str, run_id: str) -> RefreshPlan:
    """Return the plan of a run. Raises TerminalError for that of another run."""
    plan = s3.read_model(uri, RefreshPlan)
    if plan.run_id != run_id:
        raise TerminalError(f"{uri} is of run {plan.run_id}, not of {run_id}.")
    return plan


def done_by(engine: EngineName, report: RefreshReport, plan: RefreshPlan, cost_usd: float) -> RefreshReport:
    """Return the report with the engine that did it, why that one, and what the attempt cost in USD."""
    reason = plan.engine.reason if plan.engine else "no engine was chosen"
    return report.model_copy(update={"engine": EngineChoice(engine=engine, reason=reason), "cost_usd": cost_usd})


def open_run(plan: RefreshPlan, engine: RefreshEngine, prefix: str, quality: str) -> Run:
    """Return the inputs of a refresh that begins now, of the tables of all contracts."""
    return Run(engine, plan, Graph.of(contracts.load_all()), prefix, quality, utc_now())
