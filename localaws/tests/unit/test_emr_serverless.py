"""What a submission to EMR Serverless says, and how job runs end, without Spark and without a server."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from localaws.emr_serverless import applications, job_runs, state
from localaws.emr_serverless.errors import ConflictError, InvalidError, MissingError
from localaws.emr_serverless.job_runs import JobRuns
from localaws.emr_serverless.submission import submission
from localaws.spark.arguments import LaunchError
from localaws.spark.runner import FAILED, STOPPED, SUCCEEDED, TIMEOUT, Outcome
from localaws.testing.server import eventually

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from localaws.spark.runner import JobRun

ROLE = "arn:aws:iam::000000000000:role/etl"
PYTHON = "--conf spark.emr-serverless.driverEnv.PYSPARK_PYTHON=/usr/bin/python3.11"


def submitted(parameters: str) -> Any:
    return submission({"entryPoint": "s3://b/main.py", "sparkSubmitParameters": parameters})


def test_options_are_settings_and_those_of_the_cluster_do_not_reach_the_session() -> None:
    work = submitted(
        "--conf spark.sql.x=a=b --conf spark.executor.cores=8 --py-files s3://b/a.zip,s3://b/b.zip"
        " --archives s3://b/p.zip#packages,s3://b/q.zip --conf spark.emr-serverless.driverEnv.LAKE=1"
    )

    assert work.session_settings == {"spark.sql.x": "a=b"}
    assert work.py_files == ["s3://b/a.zip", "s3://b/b.zip"]
    assert work.archives == {"packages": "s3://b/p.zip", "q.zip": "s3://b/q.zip"}
    assert (work.environment, work.executor.vcpus, work.driver.vcpus) == ({"LAKE": "1"}, 8, 4)


def test_quotes_are_part_of_a_value() -> None:
    assert submitted("--conf spark.sql.x='a'").settings == {"spark.sql.x": "'a'"}


@pytest.mark.parametrize("parameters", ["--conf", "--conf x", "--verbose true", "--name", "--py-files"])
def test_an_option_that_cannot_be_read_is_named(parameters: str) -> None:
    with pytest.raises(InvalidError, match=parameters.split(" ", maxsplit=1)[0]):
        submitted(parameters)


@pytest.mark.parametrize(
    ("cores", "memory", "fits"),
    [(4, "14G", True), (4, "27g", True), (4, "28g", False), (1, "7g", True), (3, "4g", False), (8, "54g", True)],
)
def test_workers_have_the_sizes_of_emr_with_a_tenth_of_overhead(cores: int, memory: str, fits: bool) -> None:  # noqa: FBT001 -- a case
    work = submitted(f"--conf spark.executor.cores={cores} --conf spark.executor.memory={memory}")
    if fits:
        work.check()
    else:
        with pytest.raises(InvalidError, match="no size of a worker"):
            work.check()


def test_a_size_that_is_no_size_is_named() -> None:
    with pytest.raises(InvalidError, match="'lots' is no size of memory"):
        submitted("--conf spark.driver.memory=lots").check()


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("", r"python3\.9"),
        (f"{PYTHON} --jars s3://b/other.jar", "no jar but Iceberg's"),
        (f"{PYTHON} --conf spark.sql.extensions=org.apache.iceberg.X", "ClassNotFoundException"),
    ],
)
def test_what_fails_at_the_start_on_emr_fails_at_the_start_here(parameters: str, said: str) -> None:
    with pytest.raises(LaunchError, match=said):
        submitted(parameters).check_launch()


class FakeRunner:
    """Ends each run as it is told, after `on_running`."""

    def __init__(self) -> None:
        self.outcome, self.runs = Outcome(SUCCEEDED), []  # type: ignore[var-annotated]

    def admit(self, run_id: str) -> None:
        """Take a run."""

    def execute(self, run: JobRun, on_running: Callable[[], None], _sink: Any) -> Outcome:
        self.runs.append(run)
        on_running()
        return self.outcome


@pytest.fixture
def runner() -> FakeRunner:
    return FakeRunner()


@pytest.fixture
def runs(runner: FakeRunner, tmp_path: Path) -> Any:
    return JobRuns(runner, "http://aws", tmp_path / "spark.log", 60.0, lambda role: {"ROLE": role})  # type: ignore[arg-type]


def made(**settings: Any) -> str:
    given = {"clientToken": uuid.uuid4().hex, "releaseLabel": "emr-7.12.0", "type": "SPARK"}
    return str(applications.create(given | settings)["applicationId"])


def request(application: str, **more: Any) -> dict[str, Any]:
    driver = {"sparkSubmit": {"entryPoint": "s3://b/main.py", "sparkSubmitParameters": PYTHON}}
    return {
        "applicationId": application,
        "clientToken": uuid.uuid4().hex,
        "executionRoleArn": ROLE,
        "jobDriver": driver,
    } | more


def ended(runs: JobRuns, application: str, **more: Any) -> dict[str, Any]:
    run_id = runs.start(request(application, **more))["jobRunId"]
    eventually(lambda: state.job_run(application, run_id)["state"] in state.ENDED, 10)
    return state.job_run(application, run_id)


@pytest.mark.parametrize(
    ("outcome", "end", "details"),
    [
        (Outcome(SUCCEEDED), "SUCCESS", ""),
        (Outcome(STOPPED), "CANCELLED", ""),
        (Outcome(TIMEOUT, "Job run exceeded its timeout"), "CANCELLED", "The job run exceeded its execution timeout"),
        (
            Outcome(FAILED, "Error Category: UNCLASSIFIED_ERROR; Failed Line Number: 3; ValueError: no"),
            "FAILED",
            "Job failed, please check complete logs in configured logging destination. ValueError: no",
        ),
    ],
)
def test_each_outcome_has_its_state(runs: Any, runner: FakeRunner, outcome: Outcome, end: str, details: str) -> None:
    runner.outcome = outcome

    run = ended(runs, made())

    assert (run["state"], run["stateDetails"]) == (end, details)


def test_a_run_has_its_role_its_timeout_and_no_python_of_aws(runs: Any, runner: FakeRunner) -> None:
    ended(runs, made(), executionTimeoutMinutes=5)

    [run] = runner.runs
    assert (run.environment, run.timeout_seconds) == ({"AWS_ENDPOINT_URL": "http://aws", "ROLE": ROLE}, 300.0)


def test_a_run_that_was_under_way_when_the_server_ended_has_failed() -> None:
    application = made()
    run = job_runs._new_record(state.application(application), request(application)) | {"state": "RUNNING"}
    state.JOB_RUNS[run["jobRunId"]] = run

    assert run["jobRunId"] in {one["jobRunId"] for one in job_runs.fail_interrupted()}
    assert state.job_run(application, run["jobRunId"])["state"] == "FAILED"


def test_what_was_saved_is_there_again() -> None:
    application = made(name="kept")
    saved = state.get_state()
    state.APPLICATIONS.clear()
    with pytest.raises(MissingError):
        state.application(application)

    state.restore(saved)

    assert state.application(application)["name"] == "kept"


def test_a_client_token_makes_one_thing() -> None:
    token = uuid.uuid4().hex

    assert made(clientToken=token) == made(clientToken=token)
    with pytest.raises(ConflictError):
        made(clientToken=token, name="other")
