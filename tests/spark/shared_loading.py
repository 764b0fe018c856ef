"""A lake in an embedded AWS that both engines load: Spark through the Glue catalog too, as jobs do."""

from dataclasses import dataclass

from cartlake.aws import s3
from cartlake.aws.clients import client
from cartlake.runs.documents import SupersedeQuarantineReport, TransformReport
from glue_jobs.dataset_etl.main import main
from localaws.spark.session import catalog_conf, java_properties
from tests.spark.light_loading import LightLake

CATALOG = "embedded"


def use_embedded_catalog(spark, endpoint):
    """Let the session know the Glue catalog of the embedded AWS as `CATALOG`, beside its own."""
    for name, value in java_properties().items():
        spark.sparkContext._jvm.System.setProperty(name, value)
    for name, value in catalog_conf(endpoint, CATALOG).items():
        spark.conf.set(name, value)


@dataclass
class SharedLake(LightLake):
    """`engine` does the next steps: `light` or `spark`. Files of one name are the same files for all such lakes."""

    engine: str = "light"

    @classmethod
    def shared(cls, spark, incoming, dataset="transactions"):
        made = cls.new()
        return cls(spark=spark, incoming=incoming, dataset=dataset, prefix=made.prefix)

    def drop(self, name, content, **layout):
        path = self.incoming / self.dataset / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(content)
        return super().drop(name, content, **layout)

    def job(self, run_id, manifest, task):
        if self.engine == "light":
            return super().job(run_id, manifest, task)
        self.make_all()
        client("s3").put_object(Bucket="artifacts", Key="manifest.json", Body=manifest.model_dump_json().encode())
        tables = f"--quarantine_table {self.prefix}ops.quarantine_rows --quality_table {self.prefix}ops.quality_results"
        main(
            f"--run_id {run_id} --dataset {self.dataset} --manifest_uri s3://artifacts/manifest.json --task {task} "
            f"--report_uri s3://artifacts/report.json --catalog {CATALOG} --database_prefix {self.prefix} "
            f"{tables} --JOB_NAME etl".split()
        )
        return s3.read_model(
            "s3://artifacts/report.json", TransformReport if task == "load" else SupersedeQuarantineReport
        )

    def name(self):
        """The table as Spark names it."""
        return f"{CATALOG}.{self.prefix}{self.table}"
