"""The documents of a maintenance run: what was asked for, the plan, and the report on every table in it."""

from datetime import datetime
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from cartlake.contracts import Contract, Table
from cartlake.maintenance.health import Action, Health, Need
from cartlake.runs.documents import Document
from cartlake.runs.ids import Workflow

Outcome = Literal["maintained", "yielded", "busy", "failed"]
"""`maintained`: all was done. `yielded`: files came for it, so the rest waits for the next time; `busy`: another run
was writing it. `failed`: see the error; the table holds the rows it held."""

STOPS_SHORT: Final = frozenset({"yielded", "busy"})


class MaintenanceRequest(BaseModel):
    """What was asked for; the schedule sets no option. Tables are physical names, None is all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tables: list[str] | None = None
    force: bool = False
    keep_snapshots_days: float | None = None


class TableWork(Document):
    """One table that needs something. `owner` is whose lock lets its rows be rewritten; None where everybody writes."""

    table: str
    owner: str | None
    needs: list[Need]
    health: Health


class SkippedTable(Document):
    """A table that is left alone, or cannot even be looked at."""

    table: str
    reason: str


class MaintenancePlan(Document):
    """`keep_snapshots_days` overrules the contracts; `force` lowers the thresholds."""

    run_id: str
    created_at: str
    force: bool = False
    keep_snapshots_days: float | None = None
    tables: list[TableWork]
    skipped: list[SkippedTable] = Field(default_factory=list)
    unreadable: list[SkippedTable] = Field(default_factory=list)


class Done(Document):
    """One thing that was done, with what Iceberg counted of it."""

    action: Action
    seconds: float
    counts: dict[str, int] = Field(default_factory=dict)


class MaintainedTable(Document):
    """What became of one table; `after` is None when it could not be measured any more."""

    table: str
    outcome: Outcome
    reason: str = ""
    done: list[Done] = Field(default_factory=list)
    before: Health | None = None
    after: Health | None = None
    seconds: float = 0.0

    @property
    def removed_orphans(self) -> bool:
        return any(done.action is Action.ORPHANS for done in self.done)


class MaintenanceReport(Document):
    """What a run of maintenance did, table by table."""

    run_id: str
    tables: list[MaintainedTable]
    started_at: str
    ended_at: str

    @property
    def failed(self) -> list[MaintainedTable]:
        return [table for table in self.tables if table.outcome == "failed"]


class MaintenanceRecord(BaseModel):
    """When a table was last maintained, how that ended, and when orphan files were last removed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    table: str
    run_id: str
    at: datetime
    outcome: Outcome
    orphans_removed_at: datetime | None = None


def owner_of(contract: Contract, table: Table) -> str | None:
    """Whose lock keeps others from writing it: its dataset's or the refresh's; None for what all runs append to."""
    if table.build is not None:
        return Workflow.REFRESH
    return contract.name if contract.droppable else None
