"""The inputs of one run of the job."""

from dataclasses import dataclass
from datetime import datetime

from cartlake import contracts
from cartlake.contracts import Contract, Table
from cartlake.erasure.tombstones import Tombstones
from cartlake.refresh.graph import parent_of
from cartlake.runs.documents import Manifest
from glue_jobs.engines.base import Engine, Rows
from glue_jobs.shared.phases import Phases
from glue_jobs.transforms.file_rows.judging import quarantining


@dataclass(frozen=True, slots=True)
class Run:
    """Inputs of one run. Tables are named as the engine names them: catalog.database.table."""

    engine: Engine
    manifest: Manifest
    contract: Contract
    database_prefix: str
    target: str
    quarantine: str
    quality: str
    started_at: datetime
    phases: Phases
    tombstones: Tombstones | None = None
    """Of people who were erased; None where nobody was."""

    @property
    def table(self) -> Table:
        """The table the contract describes."""
        return self.contract.table

    @property
    def run_id(self) -> str:
        return self.manifest.run_id

    @property
    def dataset(self) -> str:
        return self.contract.name

    def parents(self) -> list[Rows]:
        """Return the rows of the tables that references of refused orphans point at, as they are published now."""
        tables = {table.physical_name: table for contract in contracts.load_all() for table in contract.tables}
        names = [parent_of(tables, reference).physical_name for reference in quarantining(self.table)]
        return [self.engine.read_table(f"{self.database_prefix}{name}") for name in names]
