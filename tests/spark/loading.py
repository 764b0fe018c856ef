"""Drops files of any dataset where both Spark and boto3 see them, and runs dataset_etl over them."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field

from cartlake import contracts
from cartlake.aws import s3
from cartlake.aws.clients import client
from cartlake.runs.documents import (
    FileFormat,
    Load,
    Manifest,
    ManifestFile,
    SupersedeQuarantineReport,
    TransformReport,
)
from cartlake.runs.reconciliation import reconcile
from glue_jobs.dataset_etl.main import main


def header_of(dataset):
    """The header of a CSV file: without columns that get numbers, with the first of each numbered column."""
    table = contracts.load(dataset).table
    numbered = table.unpivot.columns if table.unpivot else ()
    names = [column.name for column in table.file_columns if column.name not in table.counted_columns]
    return [f"{name}[1]" if name in numbered else name for name in names]


def csv(rows, header, delimiter=","):
    lines = [delimiter.join(header), *(delimiter.join(str(row.get(name) or "") for name in header) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


@dataclass
class Lake:
    spark: object
    incoming: object
    dataset: str = "transactions"
    files: list[ManifestFile] = field(default_factory=list)
    runs: int = 0
    prefix: str = ""

    @property
    def table(self):
        return contracts.load(self.dataset).table.physical_name

    def drop(self, name, content, **layout):
        key = f"incoming/{self.dataset}/{name}"
        path = self.incoming / self.dataset / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        put = client("s3").put_object(Bucket="raw", Key=key, Body=content)
        return self.dropped(key, content, put["ETag"], layout)

    def dropped(self, key, content, etag, layout):
        """Note a file for the next run."""
        layout = {"kind": "csv", "header": header_of(self.dataset)} | layout
        self.files.append(
            ManifestFile(
                file_id=hashlib.sha256(key.encode()).hexdigest()[:32],
                uri=f"s3://raw/{key}",
                version_id=None,
                etag=etag.strip('"'),
                size=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
                format=FileFormat(**layout),
            )
        )
        return self

    def load(self, name, *rows):
        """Drop rows as a CSV file and run the job; returns its report."""
        return self.drop(name, csv(rows, header_of(self.dataset))).run()[0]

    def backfill(self, files, *, publish=True, supersede=True, part=None):
        """Read files again that were loaded by `files`' own loads; the quarantine follows once it is published.

        `part`: which slice of a backfill this is.
        """
        self.files = list(files)
        files = list(self.files)
        report, _ = self.run(publish=publish, backfill=True, part=part)
        if publish and supersede:
            self.job(report.run_id, self.manifest(report.run_id, files, backfill=True), "supersede_quarantine")
        return report

    def loaded_by(self, report, files):
        """The files as the ledger knows them after a run."""
        load = [Load(source_file=file.source_file, run_id=report.run_id) for file in files]
        return [file.model_copy(update={"loads": [*file.loads, one]}) for file, one in zip(files, load, strict=True)]

    def job(self, run_id, manifest, task):
        client("s3").put_object(Bucket="artifacts", Key="manifest.json", Body=manifest.model_dump_json().encode())
        main(
            f"--run_id {run_id} --dataset {self.dataset} --manifest_uri s3://artifacts/manifest.json --task {task} "
            "--report_uri s3://artifacts/report.json --JOB_NAME etl --enable-metrics true".split()
        )
        return s3.read_model(
            "s3://artifacts/report.json", TransformReport if task == "load" else SupersedeQuarantineReport
        )

    def manifest(self, run_id, files, *, backfill, part=None):
        return Manifest(
            run_id=run_id,
            dataset=self.dataset,
            contract_version="1.0.0",
            created_at="",
            files=files,
            backfill=backfill,
            part=part,
        )

    def run(self, run_id=None, *, publish=True, backfill=False, part=None):
        if run_id is None:
            self.runs += 1
            run_id = f"{self.dataset}-20260301T120000-{self.runs:06x}"
        files, self.files = self.files, []
        report = self.job(run_id, self.manifest(run_id, files, backfill=backfill, part=part), "load")
        reconcile(report, {file.file_id for file in files})
        if publish and report.snapshot_id:
            self.publish(report)
        return report, files

    def set_main(self, snapshot_id):
        """Make an earlier version what readers see."""
        self.spark.sql(f"call glue_catalog.system.set_current_snapshot('{self.table}', {snapshot_id})")

    def publish(self, report):
        self.spark.sql(f"call glue_catalog.system.fast_forward('{self.table}', 'main', '{report.branch}')")

    def rows(self, table=None, branch=None):
        name = (table or f"glue_catalog.{self.table}") + (f".branch_{branch}" if branch else "")
        self.spark.catalog.refreshTable(name)
        return [row.asDict() for row in self.spark.table(name).collect()]

    def snapshots(self):
        """The run of each snapshot, by its id."""
        made = self.spark.sql(
            f"select snapshot_id, summary['cartlake.run-id'] as run_id from glue_catalog.{self.table}.snapshots"
        )
        return {str(row.snapshot_id): row.run_id for row in made.collect()}

    def statuses(self, table=None):
        return Counter(row["order_status"] for row in self.rows(table))
