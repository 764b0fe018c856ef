"""The lake of `loading.Lake`, with tables in an embedded AWS, and files that the light engine loads."""

from dataclasses import dataclass
from itertools import count

from pyiceberg.table.update import SetSnapshotRefUpdate

from cartlake import contracts
from cartlake.aws.clients import client
from cartlake.erasure.tombstones import read_tombstones
from cartlake.refresh.graph import parent_of
from cartlake.tables.catalog import load_catalog
from cartlake_cli.migrations.migrate import _create
from cartlake_cli.migrations.placement import Placement
from glue_jobs.dataset_etl.pipeline import load_files
from glue_jobs.dataset_etl.quarantine import supersede_quarantine
from glue_jobs.dataset_etl.tasks import TableNames, open_run
from glue_jobs.engines.duckdb.engine import duckdb_engine
from glue_jobs.engines.duckdb.limits import engine_limits
from glue_jobs.transforms.file_rows.judging import quarantining
from tests.compiled import use_compiled_queries
from tests.spark import loading

LAKES = count(1)
BUCKETS = ("raw", "artifacts", "lake")


@dataclass
class LightLake(loading.Lake):
    """Every lake has databases of its own, whose names begin with `prefix`. Errors are those of the function."""

    @classmethod
    def new(cls):
        use_compiled_queries()
        for bucket in BUCKETS:
            client("s3").create_bucket(Bucket=bucket)
        lake = cls(spark=None, incoming=None, prefix=f"lake{next(LAKES)}_")
        for database in ("processed", "ops"):
            load_catalog().create_namespace(lake.prefix + database, {"location": f"s3://lake/{lake.prefix}{database}"})
        for table in contracts.load("ops").tables:
            lake.make(table)
        return lake

    def make(self, table):
        """Make the table of a contract unless it is there."""
        placement = Placement({table.database: self.prefix + table.database}, {})
        if not load_catalog().table_exists(placement.identifier(table)):
            _create(load_catalog(), table, placement)

    def drop(self, name, content, **layout):
        key = f"incoming/{self.dataset}/{name}"
        put = client("s3").put_object(Bucket="raw", Key=key, Body=content)
        return self.dropped(key, content, put["ETag"], layout)

    def make_all(self):
        """Make the tables that a load writes and reads, unless they are there."""
        loaded = contracts.load(self.dataset).table
        tables = {table.physical_name: table for one in contracts.load_all() for table in one.tables}
        for table in [loaded, *(parent_of(tables, reference) for reference in quarantining(loaded))]:
            self.make(table)

    def job(self, run_id, manifest, task):
        self.make_all()
        with engine_limits(), duckdb_engine(run_id) as engine:
            ops = f"{self.prefix}ops"
            names = TableNames("lake", self.prefix, f"{ops}.quarantine_rows", f"{ops}.quality_results")
            run = open_run(manifest, engine, names, read_tombstones("artifacts"))
            return (load_files if task == "load" else supersede_quarantine)(run)

    def publish(self, report):
        self.set_main(report.snapshot_id)

    def set_main(self, snapshot_id):
        table = load_catalog().load_table(self._identifier(self.table))
        head = SetSnapshotRefUpdate(ref_name="main", type="branch", snapshot_id=int(snapshot_id))
        with table.transaction() as transaction:
            transaction._apply((head,))

    def rows(self, table=None, branch=None):
        found = load_catalog().load_table(self._identifier((table or self.table).removeprefix("glue_catalog.")))
        branch = found.metadata.refs.get(branch or "main")
        return found.scan(snapshot_id=branch.snapshot_id).to_arrow().to_pylist() if branch else []

    def snapshots(self):
        """The run of each snapshot, by its id."""
        found = load_catalog().load_table(self._identifier(self.table))
        return {str(one.snapshot_id): one.summary.additional_properties["cartlake.run-id"] for one in found.snapshots()}

    def _identifier(self, name):
        database, table = name.split(".")
        return self.prefix + database, table
