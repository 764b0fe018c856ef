"""The documents of a maintenance run: the request, the plan, and the report on every table in it."""

from datetime import datetime
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from cartlake.contracts import Contract, Table
from cartlake.maintenance.health import Action, Health, Need
from cartlake.runs.documents import Document

Outcome = Literal["maintained", "yielded", "busy", "failed"]
"""`maintained`: every action was done. `yielded`: files for the table arrived, so the rest is left to the next run.
`busy`: another run was writing the table. `failed`: see `reason`; the rows of the table are unchanged."""

REPEATED_KEYS: Final = "repeated_keys"
"""The count of a search for repeated keys: those that stand more than once."""

STOPS_SHORT: Final = frozenset({"yielded", "busy"})


class MaintenanceRequest(BaseModel):
    """The request; the schedule sets no option. `tables` are physical names, None is all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tables: list[str] | None = None
    force: bool = False
    keep_snapshots_days: float | None = None


class TableWork(Document):
    """One table that needs maintenance, done under the lock of `owner`; None for a table that all runs append to."""

    table: str
    owner: str | None
    needs: list[Need]
    health: Health


class SkippedTable(Document):
    """A table that is not maintained, or whose metadata cannot be read, and why."""

    table: str
    reason: str


class MaintenancePlan(Document):
    """The plan of a run. `keep_snapshots_days` overrides the contracts; `force` lowers the thresholds."""

    run_id: str
    created_at: str
    force: bool = False
    keep_snapshots_days: float | None = None
    tables: list[TableWork]
    skipped: list[SkippedTable] = Field(default_factory=list)
    unreadable: list[SkippedTable] = Field(default_factory=list)


class Done(Document):
    """One action that was done, with the counts that Iceberg returned for it."""

    action: Action
    seconds: float
    counts: dict[str, int] = Field(default_factory=dict)


class MaintainedTable(Document):
    """The outcome for one table; `after` is None when the table could not be measured afterwards."""

    table: str
    outcome: Outcome
    reason: str = ""
    done: list[Done] = Field(default_factory=list)
    before: Health | None = None
    after: Health | None = None
    seconds: float = 0.0

    @property
    def removed_orphans(self) -> bool:
        """Return whether orphan files were removed."""
        return any(done.action is Action.ORPHANS for done in self.done)

    @property
    def repeated_keys(self) -> int | None:
        """Return how many keys stand more than once, None when that was not searched for."""
        return next((done.counts[REPEATED_KEYS] for done in self.done if done.action is Action.KEYS), None)


class MaintenanceReport(Document):
    """The outcome of a maintenance run, by table."""

    run_id: str
    tables: list[MaintainedTable]
    started_at: str
    ended_at: str

    @property
    def failed(self) -> list[MaintainedTable]:
        """Return the tables whose maintenance failed."""
        return [table for table in self.tables if table.outcome == "failed"]


class MaintenanceRecord(BaseModel):
    """When a table was last maintained, how that ended, and when orphan files were last removed.

    Of the last search for repeated keys: when it was, and how many keys stood more than once.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    table: str
    run_id: str
    at: datetime
    outcome: Outcome
    orphans_removed_at: datetime | None = None
    keys_checked_at: datetime | None = None
    repeated_keys: int | None = None


def owner_of(contract: Contract, table: Table) -> str | None:
    """Return whose lock a writer of the table holds: its dataset, `refresh` or `forecast`; None if all runs append."""
    # Built tables are written by their workflow only, whatever contract describes them.
    if table.build is not None:
        return table.build.workflow
    return contract.name if contract.droppable else None
