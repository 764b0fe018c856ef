"""The inputs of one refresh."""

from dataclasses import dataclass
from datetime import datetime

from cartlake.refresh.graph import Graph
from cartlake.runs.documents import RefreshPlan
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
