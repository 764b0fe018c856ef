"""What one run of the job works with."""

from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import DataFrame, SparkSession

from cartlake import contracts
from cartlake.contracts import Contract, Reference, Table
from cartlake.refresh.graph import parent_of
from cartlake.runs.documents import Manifest
from glue_jobs.shared.phases import Phases


@dataclass(frozen=True, slots=True)
class Run:
    """What one run works with. Tables are named as Spark names them: catalog.database.table."""

    spark: SparkSession
    manifest: Manifest
    contract: Contract
    database_prefix: str
    target: str
    quarantine: str
    quality: str
    started_at: datetime
    phases: Phases

    @property
    def table(self) -> Table:
        return self.contract.table

    def parent(self, reference: Reference) -> DataFrame:
        """The table a reference points at, as it is published now."""
        tables = {table.physical_name: table for contract in contracts.load_all() for table in contract.tables}
        name = f"{self.database_prefix}{parent_of(tables, reference).physical_name}"
        self.spark.catalog.refreshTable(name)
        return self.spark.table(name)

    @property
    def run_id(self) -> str:
        return self.manifest.run_id
