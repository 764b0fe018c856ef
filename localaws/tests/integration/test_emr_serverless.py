"""EMR Serverless on the embedded AWS: applications, job runs that really run, their errors, events, and `.sync` tasks.

One server and one warm worker for all.
"""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from localaws.testing.server import LocalAws, eventually, running, zipped

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.integration, pytest.mark.spark]

ROLE = "arn:aws:iam::000000000000:role/emr"
BUCKET = "emr-serverless"
MINUTE_SECONDS = 5
ENDED = {"SUCCESS", "FAILED", "CANCELLED"}
GROUP = "/aws/emr-serverless/tests"
PYTHON = " ".join(
    f"--conf spark.emr-serverless.driverEnv.{name}=/usr/bin/python3.11"
    for name in ("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON")
)
CATALOG = "spark.sql.catalog.glue_catalog"
ICEBERG = (
    "--conf spark.jars=/usr/share/aws/iceberg/lib/iceberg-spark3-runtime.jar "
    "--conf spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions "
    f"--conf {CATALOG}=org.apache.iceberg.spark.SparkCatalog "
    f"--conf {CATALOG}.catalog-impl=org.apache.iceberg.aws.glue.GlueCatalog "
    f"--conf {CATALOG}.io-impl=org.apache.iceberg.aws.s3.S3FileIO "
    f"--conf {CATALOG}.warehouse=s3://{BUCKET}/tables/"
)
SLEEPS = "import time\nprint('asleep', flush=True)\ntime.sleep(60)\n"


@dataclass(frozen=True)
class Emr:
    """A running embedded AWS with an application, and helpers for job runs."""

    aws: LocalAws
    application: str

    @property
    def api(self) -> Any:
        return self.aws.client("emr-serverless")

    def put(self, body: bytes | str, ending: str = ".py") -> str:
        key = f"{uuid.uuid4().hex}{ending}"
        self.aws.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)
        return f"s3://{BUCKET}/{key}"

    def request(self, script: str, *arguments: str, parameters: str = PYTHON, **more: Any) -> dict[str, Any]:
        submit = {
            "entryPoint": script if script.startswith("s3://") else self.put(script),
            "entryPointArguments": list(arguments),
            "sparkSubmitParameters": parameters,
        }
        logs = {"enabled": True, "logGroupName": GROUP, "logStreamNamePrefix": "etl"}
        return {
            "applicationId": self.application,
            "executionRoleArn": ROLE,
            "jobDriver": {"sparkSubmit": submit},
            "configurationOverrides": {"monitoringConfiguration": {"cloudWatchLoggingConfiguration": logs}},
        } | more

    def start(self, script: str, *arguments: str, **more: Any) -> str:
        return str(self.api.start_job_run(**self.request(script, *arguments, **more))["jobRunId"])

    def run(self, job_run: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get_job_run(applicationId=self.application, jobRunId=job_run)["jobRun"]
        return found

    def ended(self, job_run: str) -> dict[str, Any]:
        eventually(lambda: self.run(job_run)["state"] in ENDED, 120)
        return self.run(job_run)

    def until(self, job_run: str, state: str) -> None:
        eventually(lambda: self.run(job_run)["state"] == state, 120)

    def log(self, job_run: str, stream: str = "stdout") -> list[str]:
        name = f"etl/applications/{self.application}/jobs/{job_run}/SPARK_DRIVER/{stream}"
        logs = self.aws.client("logs").get_log_events(logGroupName=GROUP, logStreamName=name, startFromHead=True)
        return [event["message"] for event in logs["events"]]


def application(aws: LocalAws, **settings: Any) -> str:
    given = {"name": "lake", "releaseLabel": "emr-7.12.0", "type": "SPARK"} | settings
    return str(aws.client("emr-serverless").create_application(**given)["applicationId"])


def state_of(emr: Emr, application_id: str) -> str:
    return str(emr.api.get_application(applicationId=application_id)["application"]["state"])


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCALAWS_GLUE_MINUTE_SECONDS", str(MINUTE_SECONDS))
        with running(tmp_path_factory.mktemp("emr")) as server:
            server.client("s3").create_bucket(Bucket=BUCKET)
            yield server


@pytest.fixture(scope="module")
def emr(aws: LocalAws) -> Emr:
    return Emr(aws, application(aws, architecture="ARM64"))


def refused(call: Any, **request: Any) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as error:
        call(**request)
    answer = error.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Message"]


def test_a_job_run_gets_its_arguments_and_environment_and_is_logged_and_accounted_for(emr: Emr) -> None:
    script = "import os, sys\nprint('arguments', sys.argv[1:], os.environ['LAKE'])\n"
    parameters = f"{PYTHON} --conf spark.emr-serverless.driverEnv.LAKE=test --conf spark.executor.instances=1"

    run = emr.ended(emr.start(script, "--token", "a b", parameters=parameters, name="etl run-1"))

    assert (run["state"], run["name"], run["stateDetails"]) == ("SUCCESS", "etl run-1", "")
    assert emr.log(run["jobRunId"]) == ["arguments ['--token', 'a b'] test"]
    assert run["jobDriver"]["sparkSubmit"]["entryPointArguments"] == ["--token", "a b"]
    # A minute at least is billed of 2 workers with 4 vCPUs each.
    assert run["billedResourceUtilization"]["vCPUHour"] >= 0.133


def test_a_job_run_writes_iceberg_with_code_of_an_archive(emr: Emr) -> None:
    library = emr.put(
        zipped({"shop/__init__.py": "", "shop/names.py": "TABLE = 'glue_catalog.emr_db.orders'\n"}), ".zip"
    )
    emr.aws.client("glue").create_database(DatabaseInput={"Name": "emr_db"})
    script = (
        "from pyspark.sql import SparkSession\nfrom shop.names import TABLE\n"
        "spark = SparkSession.builder.getOrCreate()\n"
        "spark.sql(f'create table {TABLE} (id bigint) using iceberg')\n"
        "spark.sql(f'insert into {TABLE} values (1), (2)')\n"
        "print('rows', spark.table(TABLE).count())\n"
    )

    run = emr.ended(emr.start(script, parameters=f"{PYTHON} {ICEBERG} --py-files {library}"))

    assert (run["state"], emr.log(run["jobRunId"])) == ("SUCCESS", ["rows 2"]), emr.log(run["jobRunId"], "stderr")


def packages(name: str, number: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"{name}-{number}.dist-info/METADATA", f"Name: {name}\nVersion: {number}\n")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        pytest.param("--conf spark.executor.cores=4", "The job runs on python3.9", id="default Python"),
        pytest.param(
            f"{PYTHON} {ICEBERG.partition(' --conf ')[2].join(['--conf ', ''])}", "ClassNotFound", id="no jar"
        ),
        pytest.param(f"{PYTHON} --jars s3://{BUCKET}/other.jar", "no jar but Iceberg's", id="other jar"),
        pytest.param(f"{PYTHON} --py-files s3://{BUCKET}/none.zip", "Error downloading from S3", id="missing code"),
    ],
)
def test_what_fails_a_launch_on_emr_fails_here(emr: Emr, parameters: str, said: str) -> None:
    run = emr.ended(emr.start("print('never')", parameters=parameters))

    assert run["state"] == "FAILED"
    assert said in run["stateDetails"]


@pytest.mark.parametrize(
    ("number", "path", "state", "said"),
    [
        pytest.param(version("pydantic"), "./packages", "SUCCESS", "", id="installed"),
        pytest.param(version("pydantic"), "./other", "FAILED", "PYTHONPATH", id="not on the path"),
        pytest.param("0.0.1", "./packages", "FAILED", "installed is", id="other version"),
    ],
)
def test_an_archive_of_packages_must_be_usable(emr: Emr, number: str, path: str, state: str, said: str) -> None:
    uri = emr.put(packages("pydantic", number), ".zip")
    parameters = f"--archives {uri}#packages --conf spark.emr-serverless.driverEnv.PYTHONPATH={path} {PYTHON}"

    run = emr.ended(emr.start("import pydantic", parameters=parameters))

    assert (run["state"], said in run["stateDetails"]) == (state, True), run["stateDetails"]


def test_a_script_that_raises_fails_its_run_with_the_exception(emr: Emr) -> None:
    run = emr.ended(emr.start("raise ValueError('of the data ' + 'x' * 400)"))

    assert run["state"] == "FAILED"
    assert "ValueError: of the data" in run["stateDetails"]
    assert len(run["stateDetails"]) <= 256


def test_a_client_token_starts_one_run(emr: Emr) -> None:
    request = emr.request("pass", clientToken=uuid.uuid4().hex)

    first, second = emr.api.start_job_run(**request), emr.api.start_job_run(**request)
    other = refused(emr.api.start_job_run, **request | {"name": "other"})

    assert first["jobRunId"] == second["jobRunId"]
    assert other[:2] == ("ConflictException", 409)
    emr.ended(first["jobRunId"])


def test_runs_are_listed_the_newest_first_by_state_and_page(emr: Emr) -> None:
    mine = Emr(emr.aws, application(emr.aws))
    ids = [mine.start("pass", name=f"run {number}") for number in range(3)]
    for job_run in ids:
        mine.ended(job_run)

    first = mine.api.list_job_runs(applicationId=mine.application, maxResults=2)
    rest = mine.api.list_job_runs(applicationId=mine.application, maxResults=2, nextToken=first["nextToken"])
    running_now = mine.api.list_job_runs(applicationId=mine.application, states=["RUNNING", "QUEUED"])

    assert [run["id"] for run in [*first["jobRuns"], *rest["jobRuns"]]] == ids[::-1]
    assert [run["name"] for run in first["jobRuns"]] == ["run 2", "run 1"]
    assert running_now["jobRuns"] == []


def test_an_application_starts_with_its_first_run_and_stops_when_it_is_idle(emr: Emr) -> None:
    idle = {"enabled": True, "idleTimeoutMinutes": 1}
    mine = Emr(emr.aws, application(emr.aws, autoStopConfiguration=idle))
    before = state_of(mine, mine.application)
    job_run = mine.start("pass")
    refusal = refused(mine.api.delete_application, applicationId=mine.application)
    mine.ended(job_run)

    assert before == "CREATED"
    assert refusal[:2] == ("ValidationException", 400)
    eventually(lambda: state_of(mine, mine.application) == "STOPPED", 30)
    mine.api.update_application(applicationId=mine.application, maximumCapacity={"cpu": "4 vCPU", "memory": "16 GB"})
    too_large = mine.ended(mine.start("pass"))
    assert (too_large["state"], "maximum allowed capacity" in too_large["stateDetails"]) == ("FAILED", True)


def test_an_application_that_does_not_start_by_itself_refuses_a_run_until_it_is_started(emr: Emr) -> None:
    mine = Emr(emr.aws, application(emr.aws, autoStartConfiguration={"enabled": False}))

    refusal = refused(mine.api.start_job_run, **mine.request("pass"))
    mine.api.start_application(applicationId=mine.application)
    run = mine.ended(mine.start("pass"))
    mine.api.stop_application(applicationId=mine.application)
    mine.api.delete_application(applicationId=mine.application)

    assert refusal[:2] == ("ConflictException", 409)
    assert run["state"] == "SUCCESS"
    assert state_of(mine, mine.application) == "TERMINATED"


def test_more_runs_than_may_work_at_once_wait_in_the_queue(emr: Emr) -> None:
    mine = Emr(emr.aws, application(emr.aws, schedulerConfiguration={"maxConcurrentRuns": 1}))
    first = mine.start("import time\ntime.sleep(4)")
    second, third = mine.start("pass"), mine.start("pass")

    mine.until(second, "QUEUED")
    mine.api.cancel_job_run(applicationId=mine.application, jobRunId=second)

    assert [mine.ended(run)["state"] for run in (first, second, third)] == ["SUCCESS", "CANCELLED", "SUCCESS"]
    again = refused(mine.api.cancel_job_run, applicationId=mine.application, jobRunId=first)
    assert again[:2] == ("ValidationException", 400)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"executionRoleArn": "arn:aws:iam::000000000000:user/somebody"}, "executionRoleArn"),
        ({"applicationId": "00f0"}, "Application 00f0 does not exist"),
        ({"jobDriver": {"hive": {"query": "select 1"}}}, "Spark only"),
    ],
)
def test_an_invalid_request_is_refused(emr: Emr, change: dict[str, Any], said: str) -> None:
    code, _, message = refused(emr.api.start_job_run, **emr.request("pass") | change)

    assert code in {"ValidationException", "ResourceNotFoundException"}
    assert said in message


@pytest.mark.parametrize(
    "parameters", ["--conf spark.executor.memory=60g", "--conf spark.executor.cores=3", "--class Main", "--conf x"]
)
def test_a_submission_that_emr_has_no_worker_for_is_refused(emr: Emr, parameters: str) -> None:
    request = emr.request("s3://emr-serverless/main.py", parameters=f"{PYTHON} {parameters}")

    assert refused(emr.api.start_job_run, **request)[0] == "ValidationException"


def test_a_dashboard_and_an_old_release_are_refused(emr: Emr) -> None:
    dashboard = refused(emr.api.get_dashboard_for_job_run, applicationId=emr.application, jobRunId="00f0")
    release = refused(emr.api.create_application, releaseLabel="emr-5.36.0", type="SPARK")

    assert "not supported by the local EMR Serverless" in dashboard[2]
    assert release[0] == "ValidationException"


def test_applications_are_tagged_and_listed(emr: Emr) -> None:
    mine = application(emr.aws, tags={"lake": "one"})
    arn = emr.api.get_application(applicationId=mine)["application"]["arn"]

    emr.api.tag_resource(resourceArn=arn, tags={"team": "data"})
    emr.api.untag_resource(resourceArn=arn, tagKeys=["lake"])

    assert emr.api.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "data"}
    created = emr.api.list_applications(states=["CREATED"])["applications"]
    assert mine in {one["id"] for one in created}


def test_every_change_of_state_is_an_event(emr: Emr) -> None:
    name = f"emr-{uuid.uuid4().hex[:8]}"
    url = emr.aws.subscribed_queue(name, {"source": ["aws.emr-serverless"]})
    job_run = emr.ended(emr.start("pass"))["jobRunId"]
    found: list[dict[str, Any]] = []

    def all_states() -> bool:
        found.extend(json.loads(message) for message in emr.aws.received(url, 1))
        return any(event["detail"].get("state") == "SUCCESS" for event in found)

    eventually(all_states, 30)
    mine = [event["detail"] for event in found if event["detail"].get("jobRunId") == job_run]
    way = ["SUBMITTED", "PENDING", "SCHEDULED", "RUNNING", "SUCCESS"]
    assert {(one.get("previousState"), one["state"]) for one in mine} == set(zip([None, *way], way, strict=False))
    assert {event["detail-type"] for event in found} >= {"EMR Serverless Job Run State Change"}


def machine(emr: Emr, script: str) -> str:
    driver = {
        "SparkSubmit": {
            "EntryPoint": emr.put(script),
            "EntryPointArguments": ["--x", "1"],
            "SparkSubmitParameters": PYTHON,
        }
    }
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::emr-serverless:startJobRun.sync",
        "Parameters": {
            "ApplicationId": emr.application,
            "ExecutionRoleArn": ROLE,
            "JobDriver": driver,
        },
        "End": True,
    }
    return emr.aws.machine(f"m-{uuid.uuid4().hex[:8]}", {"StartAt": "Run", "States": {"Run": task}})


def test_a_task_waits_for_its_run_and_gets_it_or_its_failure(emr: Emr) -> None:
    states = emr.aws.client("stepfunctions")
    good = emr.aws.ended(states.start_execution(stateMachineArn=machine(emr, "pass"))["executionArn"], 120)
    bad = emr.aws.ended(
        states.start_execution(stateMachineArn=machine(emr, "raise ValueError('no')"))["executionArn"], 120
    )

    assert (good["status"], json.loads(good["output"])["State"]) == ("SUCCEEDED", "SUCCESS")
    assert (bad["status"], bad["error"]) == ("FAILED", "States.TaskFailed")
    assert "ValueError: no" in json.loads(bad["cause"])["StateDetails"]


def test_a_stopped_execution_cancels_its_run(emr: Emr) -> None:
    mine = Emr(emr.aws, application(emr.aws))
    states = emr.aws.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=machine(mine, SLEEPS))["executionArn"]

    def runs(*wanted: str) -> list[str]:
        listed = mine.api.list_job_runs(applicationId=mine.application, states=list(wanted))["jobRuns"]
        return [run["id"] for run in listed]

    eventually(lambda: runs("RUNNING"), 120)
    states.stop_execution(executionArn=execution)

    eventually(lambda: runs("CANCELLED"), 60)


def test_applications_survive_a_restart(tmp_path: Any) -> None:
    with running(tmp_path) as server:
        kept = application(server, name="kept")
    with running(tmp_path) as server:
        found = server.client("emr-serverless").get_application(applicationId=kept)["application"]

    assert (found["name"], found["state"]) == ("kept", "CREATED")
