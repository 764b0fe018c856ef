"""The same script with the same arguments on Glue, on EMR Serverless and as a plain program: the same rows and report.

On EMR Serverless it is started as the lake does it: a state machine waits, `job_starter` makes the request from a
template with the settings that Terraform writes, the job answers the token, and `job_events` does where it could not.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import uuid
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from cartlake import contracts
from cartlake.aws import s3
from cartlake.aws.clients import client
from cartlake.runs.documents import FileFormat, Manifest, ManifestFile, TransformReport
from cartlake.runs.folder import RunFolder, Step
from cartlake.runs.ids import audit_branch
from cartlake.tables.catalog import load_catalog
from cartlake_cli import build
from cartlake_cli.migrations.migrate import apply
from cartlake_cli.migrations.placement import Placement
from lambdas.job_events.domain import task_failure
from lambdas.job_events.emr_serverless import ended_emr_job_run
from lambdas.job_starter.domain import JobRequest, job_arguments
from lambdas.job_starter.emr_serverless import JobTemplate, code_copies, start_request
from localaws.spark import java
from localaws.spark.session import session_conf
from localaws.testing.server import eventually
from tests.integration.light_lake import bucket_in
from tests.spark.loading import csv, header_of
from tests.spark.order_lines import AS_WRITTEN as GOOD

pytestmark = [pytest.mark.integration, pytest.mark.spark]

ROOT = Path(__file__).parents[2]
RUN_ID = "transactions-20260301T120000-00000a"
ROLE = "arn:aws:iam::000000000000:role/etl"
TOLD_OF_A_RUN = {"_ingested_at", "_updated_at"}
PATIENCE_SECONDS = 300


def settings_in_terraform(bucket):
    """The settings of Spark that every job gets, and those for EMR Serverless alone, as Terraform writes them."""
    emr = (ROOT / "terraform/modules/emr_job/main.tf").read_text()
    values = {
        "${local.catalog}": "spark.sql.catalog.glue_catalog",
        '${var.buckets["processed"].name}': bucket,
        "${var.size.worker_vcpus}": "4",
        "${local.memory}": "14g",
        "${var.size.executors}": "3",
        "${local.python}": re.search(r'python = "(.+)"', emr)[1],
    }
    return [_settings(text, values) for text in ((ROOT / "terraform/modules/glue/main.tf").read_text(), emr)]


def _settings(text, values):
    for placeholder, value in values.items():
        text = text.replace(placeholder, value)
    found = re.findall(r'"(spark\.[\w.-]+=[^"]+)"', text)
    assert len(found) >= 7
    assert "${" not in "".join(found)
    return found


class Runners:
    """Buckets, code and a file; for each way to run the job, a lake of its own whose databases begin with its name."""

    def __init__(self, localaws, bucket, folder):
        self.aws, self.bucket, self.scratch = localaws, bucket, folder
        self.folder = RunFolder(bucket, RUN_ID)
        self.spark_settings, self.emr_settings = settings_in_terraform(bucket)
        self.script = self._put(
            "glue_jobs/dataset_etl/main-1.py", (ROOT / "glue_jobs/dataset_etl/main.py").read_bytes()
        )
        build.write_zip(folder / "library.zip", [*build._library(ROOT), *build._tree(ROOT, "glue_jobs")])
        self.library = self._put("libs/cartlake-1.zip", (folder / "library.zip").read_bytes())
        self.packages = self._put("libs/packages-1.zip", self._packages())
        self.manifest = self._manifest()

    def _put(self, key, body):
        client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def _packages(self):
        """What the build makes, without the packages themselves, which are for arm64."""
        path = self.scratch / "packages.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"pydantic-{version('pydantic')}.dist-info/METADATA", "Name: pydantic\n")
        return path.read_bytes()

    def _manifest(self):
        rows = [GOOD | {"order_id": f"ORD-{number:010X}"} for number in range(20)]
        content = csv([*rows, rows[0], GOOD | {"currency": "XXX"}], header_of("transactions"))
        uri = self._put("incoming/transactions/a.csv", content)
        digest = hashlib.sha256(content).hexdigest()
        file = ManifestFile(
            file_id=digest[:32],
            uri=uri,
            version_id=None,
            etag=client("s3").head_object(Bucket=self.bucket, Key="incoming/transactions/a.csv")["ETag"].strip('"'),
            size=len(content),
            sha256=digest,
            format=FileFormat(kind="csv", header=header_of("transactions")),
        )
        manifest = Manifest(
            run_id=RUN_ID, dataset="transactions", contract_version="1.0.0", created_at="", files=[file], backfill=False
        )
        s3.write_text(self.folder.manifest, manifest.model_dump_json())
        return self.folder.manifest

    def lake(self, way):
        """Make the tables of a way, and return the arguments that name them."""
        databases = {name: f"{way}_{name}" for name in ("processed", "ops")}
        catalog = load_catalog()
        for name in databases.values():
            catalog.create_namespace(name, {"location": f"s3://{self.bucket}/{name}"})
        apply(catalog, [contracts.load(name) for name in ("transactions", "ops")], Placement(databases, {}))
        return {
            "--database_prefix": f"{way}_",
            "--quarantine_table": f"{way}_ops.quarantine_rows",
            "--quality_table": f"{way}_ops.quality_results",
        }

    def work(self, token="none"):
        return JobRequest(
            job_name="dataset-etl",
            run_id=RUN_ID,
            subject="transactions",
            input_uri=self.manifest,
            step=Step.TRANSFORM,
            task_token=token,
        )

    def arguments(self):
        """What `job_starter` gives to a job, without a token: nobody waits."""
        given = job_arguments(self.work(), self.folder)
        return {name: value for name, value in given.items() if name != "--task_token"}

    def result(self, way):
        """The report of the last run, and the rows that it wrote to the tables of a way."""
        report = s3.read_model(self.folder.report(Step.TRANSFORM), TransformReport)
        catalog = load_catalog()
        table = catalog.load_table((f"{way}_processed", "transactions"))
        snapshot = table.snapshot_by_name(audit_branch(RUN_ID))
        rows = table.scan(snapshot_id=snapshot.snapshot_id).to_arrow().to_pylist()
        bad = catalog.load_table((f"{way}_ops", "quarantine_rows")).scan().to_arrow().to_pylist()
        kept = [{name: value for name, value in row.items() if name not in TOLD_OF_A_RUN} for row in rows]
        refused = [(row["reasons"], row["raw_record"], row["file_id"], row["run_id"]) for row in bad]
        return report.rows, sorted(kept, key=lambda row: row["order_id"]), sorted(refused, key=str)

    def on_glue(self):
        glue = client("glue")
        defaults = {
            "--conf": " --conf ".join(self.spark_settings),
            "--datalake-formats": "iceberg",
            "--extra-py-files": self.library,
            "--catalog": "glue_catalog",
        }
        command = {"Name": "glueetl", "ScriptLocation": self.script}
        glue.create_job(Name="etl", Role=ROLE, GlueVersion="5.1", Command=command, DefaultArguments=defaults)
        run_id = glue.start_job_run(JobName="etl", Arguments=self.arguments() | self.lake("glue"))["JobRunId"]

        def ended():
            run = glue.get_job_run(JobName="etl", RunId=run_id)["JobRun"]
            return run if run["JobRunState"] not in {"STARTING", "RUNNING", "WAITING"} else None

        assert eventually(ended, PATIENCE_SECONDS)["JobRunState"] == "SUCCEEDED"
        return self.result("glue")

    def as_a_program(self):
        conf = self.scratch / "conf"
        conf.mkdir()
        lines = (f"{name} {value}" for name, value in session_conf(self.aws.endpoint).items())
        (conf / "spark-defaults.conf").write_text("\n".join(lines) + "\n")
        words = [word for argument in (self.arguments() | self.lake("plain")).items() for word in argument]
        done = subprocess.run(
            [sys.executable, "glue_jobs/dataset_etl/main.py", *words],
            cwd=ROOT,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "SPARK_CONF_DIR": str(conf),
                "JAVA_HOME": str(java.java_home()),
                "SPARK_LOCAL_IP": "127.0.0.1",
                "PYSPARK_PYTHON": sys.executable,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return self.result("plain")

    def template(self, application, tables, **change):
        """The template of a job, as module `job` writes it."""
        parameters = " ".join(f"--conf {setting}" for setting in [*self.spark_settings, *self.emr_settings])
        submit = {
            "entryPoint": self.script,
            "entryPointArguments": [word for argument in tables.items() for word in argument]
            + ["--vcpus", "16", "--memory_gb", "64"],
            "sparkSubmitParameters": f"{parameters} --py-files {self.library} --archives {self.packages}#packages",
        }
        return JobTemplate.model_validate(
            {
                "applicationId": application,
                "executionRoleArn": ROLE,
                "executionTimeoutMinutes": 60,
                "jobDriver": {"sparkSubmit": submit | change},
            }
        )

    def waiting_task(self):
        """Start a machine whose only step waits for a token; return the execution and the token."""
        url = client("sqs").create_queue(QueueName=f"tokens-{uuid.uuid4().hex[:8]}")["QueueUrl"]
        task = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": url, "MessageBody": {"token.$": "$$.Task.Token"}},
            "End": True,
        }
        machine = self.aws.machine(f"m-{uuid.uuid4().hex[:8]}", {"StartAt": "Wait", "States": {"Wait": task}})
        execution = client("stepfunctions").start_execution(stateMachineArn=machine)["executionArn"]
        [body] = self.aws.received(url)
        return execution, json.loads(body)["token"]

    def on_emr(self, template, token):
        """Start a job run as `job_starter` does, and return it when it has ended."""
        work = self.work(token)
        copies = code_copies(template, self.folder)
        for uri, target in copies.items():
            s3.copy_version(s3.S3Uri.parse(uri), None, s3.S3Uri.parse(target))
        request = start_request(work, template, self.folder, copies)
        emr = client("emr-serverless")
        run_id = emr.start_job_run(**request)["jobRunId"]

        def ended():
            run = emr.get_job_run(applicationId=request["applicationId"], jobRunId=run_id)["jobRun"]
            return run if run["state"] in {"SUCCESS", "FAILED", "CANCELLED"} else None

        return eventually(ended, PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def runners(localaws, tmp_path_factory):
    with bucket_in(localaws, "spark-runners") as bucket:
        yield Runners(localaws, bucket, tmp_path_factory.mktemp("runners"))


@pytest.fixture(scope="module")
def application(runners):
    created = client("emr-serverless").create_application(
        name="lake", releaseLabel="emr-7.12.0", type="SPARK", architecture="ARM64"
    )
    return created["applicationId"]


def test_the_same_job_writes_the_same_rows_wherever_it_runs(runners, application):
    execution, token = runners.waiting_task()
    run = runners.on_emr(runners.template(application, runners.lake("emr")), token)
    assert run["state"] == "SUCCESS", run["stateDetails"]
    ended = runners.aws.ended(execution)
    answer = json.loads(ended["output"])
    emr_result = runners.result("emr")

    glue_result, plain_result = runners.on_glue(), runners.as_a_program()

    counts, rows, refused = emr_result
    assert (ended["status"], answer["report_uri"]) == ("SUCCEEDED", runners.folder.report(Step.TRANSFORM))
    assert (counts.read, counts.published, counts.quarantined, counts.duplicate) == (22, 20, 1, 1)
    assert (len(rows), len(refused)) == (20, 1)
    assert emr_result == glue_result == plain_result


def test_a_job_that_could_not_answer_fails_its_task_by_its_end(runners, application):
    """Its library is gone, so it never ran."""
    execution, token = runners.waiting_task()
    template = runners.template(application, {}, sparkSubmitParameters="--py-files s3://spark-runners/none.zip")

    run = runners.on_emr(template, token)
    failure = task_failure(ended_emr_job_run(application, run["jobRunId"], run["state"]))
    client("stepfunctions").send_task_failure(taskToken=token, error=failure.error, cause=failure.cause)

    ended = runners.aws.ended(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "EmrJobFailed")
    assert ended["cause"].startswith(f"EMR Serverless job run {run['jobRunId']} of dataset-etl is FAILED: Job failed")
