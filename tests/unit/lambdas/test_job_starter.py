import json

import boto3
import pytest
from botocore.exceptions import ClientError
from pydantic import ValidationError

from cartlake.aws import clients
from cartlake.errors import TransientError
from lambdas.job_starter import adapters, handler
from lambdas.job_starter.adapters import GlueConcurrencyError
from lambdas.job_starter.settings import settings

RUN_ID = "transactions-20260131T083000-aaaaaa"
REFRESH_RUN = "refresh-20260131T083000-aaaaaa"
REQUEST = {
    "job_name": "dataset-etl",
    "run_id": RUN_ID,
    "subject": "transactions",
    "input_uri": f"s3://artifacts/runs/{RUN_ID}/manifest.json",
    "step": "transform",
    "task_token": "t" * 600,
}


LIBRARY = "s3://artifacts/libs/cartlake-00ff.zip"
WHEELS = "s3://artifacts/libs/wheels-00ff.gluewheels.zip"


class FakeGlue:
    def __init__(self):
        self.started, self.error, self.deployed = [], None, {}

    def get_job(self, *, JobName):  # noqa: N803 -- AWS
        return {"Job": {"Name": JobName, "DefaultArguments": self.deployed}}

    def start_job_run(self, **request):
        if self.error:
            error, self.error = self.error, None
            raise ClientError({"Error": {"Code": error, "Message": "no"}, "ResponseMetadata": {}}, "StartJobRun")
        self.started.append(request)
        return {"JobRunId": f"jr_{len(self.started)}"}


@pytest.fixture
def glue(account, monkeypatch):
    fake = FakeGlue()
    monkeypatch.setattr(adapters, "client", {"glue": fake}.__getitem__)
    return fake


@pytest.fixture
def start(account, lambda_context):
    return lambda **change: handler.lambda_handler({**REQUEST, **change}, lambda_context)


def test_the_job_is_told_what_to_read_where_to_report_and_whom_to_answer(glue, start):
    assert start() == {"job_run_id": "jr_1"}

    assert glue.started == [
        {
            "JobName": "dataset-etl",
            "Arguments": {
                "--run_id": RUN_ID,
                "--dataset": "transactions",
                "--manifest_uri": f"s3://artifacts/runs/{RUN_ID}/manifest.json",
                "--report_uri": f"s3://artifacts/runs/{RUN_ID}/transform.json",
                "--task_token": "t" * 600,
            },
        }
    ]


def test_the_job_of_a_refresh_is_told_its_plan(glue, start):
    plan = f"s3://artifacts/runs/{REFRESH_RUN}/plan.json"
    start(step="refresh", job_name="table-refresh", dataset="refresh", run_id=REFRESH_RUN, input_uri=plan)

    arguments = glue.started[0]["Arguments"]
    assert glue.started[0]["JobName"] == "table-refresh"
    assert arguments["--plan_uri"] == plan
    assert arguments["--report_uri"] == f"s3://artifacts/runs/{REFRESH_RUN}/refresh.json"
    assert "--manifest_uri" not in arguments


def test_the_same_invocation_twice_starts_one_job_run(glue, start):
    assert start() == start()
    assert len(glue.started) == 1


def test_a_new_token_is_a_new_attempt(glue, start):
    start()

    assert start(task_token="another") == {"job_run_id": "jr_2"}


def test_a_busy_job_has_its_own_error_class(glue, start):
    glue.error = "ConcurrentRunsExceededException"

    with pytest.raises(GlueConcurrencyError, match="dataset-etl") as error:
        start()

    assert type(error.value).__name__ == "GlueConcurrencyError"


@pytest.mark.parametrize("first", ["ConcurrentRunsExceededException", "ThrottlingException"])
def test_a_start_that_failed_can_be_tried_again(glue, start, first):
    glue.error = first
    with pytest.raises(TransientError):
        start()

    assert start() == {"job_run_id": "jr_1"}


def test_other_errors_of_glue_are_not_dressed_up(glue, start):
    glue.error = "EntityNotFoundException"

    with pytest.raises(ClientError, match="EntityNotFoundException"):
        start()


def test_a_start_in_progress_elsewhere_is_worth_another_try(account, glue, start):
    table = boto3.client("dynamodb")
    start()
    (item,) = table.scan(TableName="idempotency")["Items"]
    item["status"] = {"S": "INPROGRESS"}
    item["in_progress_expiration"] = {"N": "99999999999999"}
    table.put_item(TableName="idempotency", Item=item)
    clients.client.cache_clear()  # a new execution environment remembers nothing

    with pytest.raises(TransientError, match="being started by another call"):
        start()


def test_a_run_has_its_own_copy_of_the_code_it_was_started_with(account, glue, start):
    glue.deployed = {
        "--extra-py-files": LIBRARY,
        "--additional-python-modules": WHEELS,
        "--conf": "spark.sql.session.timeZone=UTC",
    }
    account.write(LIBRARY, "the library")
    account.write(WHEELS, "the wheels")

    start()
    account.s3.delete_object(Bucket="artifacts", Key="libs/cartlake-00ff.zip")  # as a deployment does

    arguments = glue.started[0]["Arguments"]
    copied = f"s3://artifacts/staging/{RUN_ID}/code"
    assert arguments["--extra-py-files"] == f"{copied}/cartlake-00ff.zip"
    assert arguments["--additional-python-modules"] == f"{copied}/wheels-00ff.gluewheels.zip"
    assert "--conf" not in arguments
    assert account.read(arguments["--extra-py-files"]) == b"the library"
    assert account.read(arguments["--additional-python-modules"]) == b"the wheels"


def test_each_of_several_files_of_code_is_copied(account, glue, start):
    others = ["s3://artifacts/libs/a.py", "s3://artifacts/libs/b.py"]
    glue.deployed = {"--extra-py-files": ",".join(others)}
    for uri in others:
        account.write(uri, uri)

    start()

    uris = glue.started[0]["Arguments"]["--extra-py-files"].split(",")
    assert [account.read(uri).decode() for uri in uris] == others


def test_names_of_packages_are_left_to_glue(glue, start):
    glue.deployed = {"--additional-python-modules": "pydantic==2.14.3"}

    start()

    assert "--additional-python-modules" not in glue.started[0]["Arguments"]


def test_code_that_a_deployment_has_just_deleted_is_found_at_the_next_try(account, glue, start):
    glue.deployed = {"--extra-py-files": LIBRARY}
    with pytest.raises(TransientError, match=f"{LIBRARY} is gone"):
        start()
    assert glue.started == []

    glue.deployed = {"--extra-py-files": "s3://artifacts/libs/cartlake-new.zip"}
    account.write("s3://artifacts/libs/cartlake-new.zip", "new")

    assert start() == {"job_run_id": "jr_1"}


@pytest.mark.parametrize("change", [{"step": "publish"}, {"task_token": None}, {"input_uri": None}])
def test_a_malformed_request_is_refused(glue, start, change):
    with pytest.raises(ValidationError):
        start(**change)

    assert glue.started == []


SCRIPT = "s3://artifacts/glue_jobs/dataset_etl/main-00ff.py"
PACKAGES = "s3://artifacts/libs/packages-00ff.zip"
TEMPLATE = {
    "applicationId": "00f1",
    "executionRoleArn": "arn:aws:iam::123456789012:role/etl",
    "executionTimeoutMinutes": 60,
    "jobDriver": {
        "sparkSubmit": {
            "entryPoint": SCRIPT,
            "entryPointArguments": ["--catalog", "glue_catalog"],
            "sparkSubmitParameters": f"--conf spark.warehouse=s3://processed/ --py-files {LIBRARY}"
            f" --archives {PACKAGES}#packages",
        }
    },
    "configurationOverrides": {"monitoringConfiguration": {"cloudWatchLoggingConfiguration": {"enabled": True}}},
}


class FakeEmr:
    def __init__(self):
        self.started = []

    def start_job_run(self, **request):
        self.started.append(request)
        return {"jobRunId": f"00f{len(self.started)}"}


@pytest.fixture
def emr(account, monkeypatch):
    monkeypatch.setenv("SPARK_RUNNER", "emr_serverless")
    settings.cache_clear()
    fake = FakeEmr()
    monkeypatch.setattr(adapters, "client", {"emr-serverless": fake}.__getitem__)
    account.write("s3://artifacts/emr_jobs/dataset-etl.json", json.dumps(TEMPLATE))
    for uri in (SCRIPT, LIBRARY, PACKAGES):
        account.write(uri, uri)
    yield fake
    settings.cache_clear()


def test_emr_serverless_is_asked_for_the_same_work_with_a_copy_of_the_code(account, emr, start):
    assert start() == {"job_run_id": "00f1"}

    (request,) = emr.started
    submit, copied = request["jobDriver"]["sparkSubmit"], f"s3://artifacts/staging/{RUN_ID}/code"
    assert {name: request[name] for name in TEMPLATE if name != "jobDriver"} == {
        name: value for name, value in TEMPLATE.items() if name != "jobDriver"
    }
    assert request["name"] == f"dataset-etl {RUN_ID}"
    assert submit["entryPoint"] == f"{copied}/main-00ff.py"
    assert submit["sparkSubmitParameters"] == (
        f"--conf spark.warehouse=s3://processed/ --py-files {copied}/cartlake-00ff.zip"
        f" --archives {copied}/packages-00ff.zip#packages"
    )
    words = submit["entryPointArguments"]
    assert dict(zip(words[::2], words[1::2], strict=True)) == {
        "--catalog": "glue_catalog",
        "--run_id": RUN_ID,
        "--dataset": "transactions",
        "--manifest_uri": f"s3://artifacts/runs/{RUN_ID}/manifest.json",
        "--report_uri": f"s3://artifacts/runs/{RUN_ID}/transform.json",
        "--task_token": "t" * 600,
    }
    assert account.read(f"{copied}/packages-00ff.zip") == PACKAGES.encode()


def test_an_attempt_has_one_client_token_and_another_attempt_another(account, emr, start):
    start()
    account.dynamodb.delete_item(TableName="idempotency", Key=key_of_only_item(account))  # as if it had been lost
    start()
    start(task_token="another")

    tokens = [request["clientToken"] for request in emr.started]
    assert (tokens[0] == tokens[1], len(set(tokens)), {len(token) for token in tokens}) == (True, 2, {64})


def key_of_only_item(account):
    (item,) = account.dynamodb.scan(TableName="idempotency")["Items"]
    return {"id": item["id"]}


def test_code_for_emr_serverless_that_a_deployment_has_just_deleted_is_found_at_the_next_try(account, emr, start):
    account.s3.delete_object(Bucket="artifacts", Key="glue_jobs/dataset_etl/main-00ff.py")

    with pytest.raises(TransientError, match=f"{SCRIPT} is gone"):
        start()
    assert emr.started == []
