"""Job runs: queued, executed by the runner of Glue's jobs, cancelled; their records, logs and events."""

from __future__ import annotations

import contextvars
import logging
import re
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from localaws.emr_serverless import applications, events
from localaws.emr_serverless.errors import InvalidError
from localaws.emr_serverless.state import (
    CHANGING,
    ENDED,
    JOB_RUNS,
    Record,
    application,
    arn,
    changed,
    job_run,
    made_once,
    new_id,
)
from localaws.emr_serverless.submission import Submission, submission
from localaws.errors import LocalAwsError
from localaws.jobs.logs import RunLogs
from localaws.spark.runner import FAILED, STOPPED, SUCCEEDED, JobRun, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from localaws.spark.runner import Runner

logger = logging.getLogger("localaws.emr_serverless")

DEFAULT_TIMEOUT_MINUTES: Final = 720
LONGEST_DETAILS: Final = 256
INTERRUPTED: Final = "The embedded AWS ended while this job run was in progress"
DEFAULT_LOG_GROUP: Final = "/aws/emr-serverless"
STREAMS: Final = {"output": "stdout", "error": "stderr"}
UNDER_WAY: Final = ("RUNNING", "SCHEDULED", "PENDING")
QUEUE_POLL_SECONDS: Final = 0.2
_OF_GLUE: Final = re.compile(r"^(Error Category: \w+; )?(Failed Line Number: \d+; )?")


@dataclass
class JobRuns:
    """Starts and cancels job runs. `credentials(role_arn)` are the AWS variables of a run with that role."""

    runner: Runner
    endpoint: str
    log: Path
    minute_seconds: float
    credentials: Callable[[str], dict[str, str]]
    _waiting: set[str] = field(default_factory=set)

    def start(self, request: Mapping[str, Any]) -> Record:
        """Start a job run, once for a client token, and return what StartJobRun answers.

        Raises InvalidError for a submission that EMR Serverless refuses, ConflictError for an application that cannot
        take it.
        """
        found = application(request["applicationId"])
        work = _submission(request)
        run_id = made_once("StartJobRun", request, lambda: self._started(found, request, work))
        return {"applicationId": found["applicationId"], "jobRunId": run_id, "arn": JOB_RUNS[run_id]["arn"]}

    def _started(self, found: Record, request: Mapping[str, Any], work: Submission) -> str:
        applications.start_for_run(found["applicationId"])
        record = _new_record(found, request)
        run_id = str(record["jobRunId"])
        self.runner.admit(run_id)
        self._waiting.add(run_id)
        JOB_RUNS[run_id] = record
        events.job_run_changed(record, "")
        context = contextvars.copy_context()  # a thread does not inherit the request's account and region
        threading.Thread(target=context.run, args=(self._run, run_id, work), daemon=True).start()
        return run_id

    def cancel(self, application_id: str, job_run_id: str) -> None:
        """Cancel a job run. Raises InvalidError for one that has ended."""
        state = job_run(application_id, job_run_id)["state"]
        if state in ENDED:
            raise InvalidError(f"Job run {job_run_id} is {state}: only one that is under way can be cancelled")
        self._become(job_run_id, "CANCELLING")
        self.runner.stop(job_run_id)

    def _run(self, run_id: str, work: Submission) -> None:
        try:
            outcome = self._outcome(run_id, work)
        except LocalAwsError as failure:
            outcome = Outcome(FAILED, str(failure))
        except Exception as error:
            logger.exception("internal error in the job run %s", run_id)
            outcome = Outcome(FAILED, f"Internal error of the local runner: {error}")
        self._end(run_id, work, outcome)
        applications.stop_when_idle(JOB_RUNS[run_id]["applicationId"])

    def _outcome(self, run_id: str, work: Submission) -> Outcome:
        if not self._has_turn(run_id):
            return Outcome(STOPPED)
        work.check_launch()
        _check_capacity(JOB_RUNS[run_id]["applicationId"], work)
        self._become(run_id, "PENDING")
        self._become(run_id, "SCHEDULED")
        record = JOB_RUNS[run_id]
        minutes = record["executionTimeoutMinutes"] or float("inf")
        run = JobRun(
            run_id,
            work.entry_point,
            _arguments(work),
            {**_environment(work), "AWS_ENDPOINT_URL": self.endpoint, **self.credentials(record["executionRole"])},
            min(minutes * self.minute_seconds, threading.TIMEOUT_MAX),
            argv=tuple(work.arguments),
            archives=tuple(work.archives.items()),
        )
        return self.runner.execute(run, lambda: self._become(run_id, "RUNNING"), self._logs(record).write)

    def _has_turn(self, run_id: str) -> bool:
        """Wait until the application may run one more. Returns False when the run was cancelled meanwhile."""
        while True:
            with CHANGING:
                record = JOB_RUNS[run_id]
                if record["state"] == "CANCELLING":
                    self._waiting.discard(run_id)
                    return False
                if self._is_next(record):
                    self._waiting.discard(run_id)
                    return True
            self._become(run_id, "QUEUED")
            time.sleep(QUEUE_POLL_SECONDS)

    def _is_next(self, record: Record) -> bool:
        most = application(record["applicationId"]).get("schedulerConfiguration", {}).get("maxConcurrentRuns") or 1000
        others = applications.under_way(record["applicationId"])
        return sum(run["jobRunId"] not in self._waiting for run in others) < most

    def _logs(self, record: Record) -> RunLogs:
        monitoring = (record.get("configurationOverrides") or {}).get("monitoringConfiguration") or {}
        logs = monitoring.get("cloudWatchLoggingConfiguration") or {}
        prefix = f"{logs['logStreamNamePrefix']}/" if logs.get("logStreamNamePrefix") else ""
        path = f"{prefix}applications/{record['applicationId']}/jobs/{record['jobRunId']}/SPARK_DRIVER"
        group = logs.get("logGroupName") or DEFAULT_LOG_GROUP
        places = {stream: (group, f"{path}/{name}") for stream, name in STREAMS.items()} if logs.get("enabled") else {}
        return RunLogs(f"{record.get('name') or 'job'} {record['jobRunId']}", places, self.log)

    def _become(self, run_id: str, state: str) -> None:
        """Give a run a new state. One that is being cancelled can only end, one that has ended keeps its state."""
        with CHANGING:
            previous = JOB_RUNS[run_id]["state"]
            if previous == state or previous in ENDED or (previous == "CANCELLING" and state not in ENDED):
                return
            started = {"startedAt": time.time()} if state == "RUNNING" else {}
            record = changed(JOB_RUNS, run_id, state=state, **started)
        events.job_run_changed(record, previous)

    def _end(self, run_id: str, work: Submission, outcome: Outcome) -> None:
        state, details = _end_state(outcome)
        now, record = time.time(), JOB_RUNS[run_id]
        seconds = now - record.get("startedAt", now)
        used = _utilization(work, seconds)
        with CHANGING:
            changed(
                JOB_RUNS,
                run_id,
                stateDetails=details[:LONGEST_DETAILS],
                endedAt=now,
                totalExecutionDurationSeconds=round(seconds),
                totalResourceUtilization=used,
                billedResourceUtilization=_utilization(work, max(seconds, 60.0)),
            )
            self._become(run_id, state)


def _submission(request: Mapping[str, Any]) -> Submission:
    spark_submit = (request.get("jobDriver") or {}).get("sparkSubmit")
    if not spark_submit:
        raise InvalidError("The job driver must have sparkSubmit: the local runner has Spark only")
    overrides = request.get("configurationOverrides") or {}
    if "s3MonitoringConfiguration" in (overrides.get("monitoringConfiguration") or {}):
        raise InvalidError("The local runner writes logs to CloudWatch only: leave out s3MonitoringConfiguration")
    if (request.get("mode") or "BATCH") != "BATCH":
        raise InvalidError("The local runner has job runs of mode BATCH only")
    work = submission(spark_submit)
    work.check()
    return work


def _new_record(found: Record, request: Mapping[str, Any]) -> Record:
    run_id, now = new_id(), time.time()
    kept = ("name", "jobDriver", "configurationOverrides", "retryPolicy")
    timeout = request.get("executionTimeoutMinutes")
    return {
        **{name: request[name] for name in kept if request.get(name) is not None},
        "applicationId": found["applicationId"],
        "jobRunId": run_id,
        "arn": arn(f"/applications/{found['applicationId']}/jobruns/{run_id}"),
        "createdBy": request["executionRoleArn"],
        "createdAt": now,
        "updatedAt": now,
        "executionRole": request["executionRoleArn"],
        "state": "SUBMITTED",
        "stateDetails": "",
        "releaseLabel": found["releaseLabel"],
        "tags": request.get("tags") or {},
        "executionTimeoutMinutes": DEFAULT_TIMEOUT_MINUTES if timeout is None else int(timeout),
        "networkConfiguration": found.get("networkConfiguration", {}),
        "mode": "BATCH",
        "attempt": 1,
    }


def _check_capacity(application_id: str, work: Submission) -> None:
    """Check that the driver and one executor fit. Raises InvalidError with what EMR says of a run without a worker."""
    most = application(application_id).get("maximumCapacity")
    if not most:
        return
    vcpus = work.driver.vcpus + work.executor.vcpus
    memory = work.driver.memory_gb + work.executor.memory_gb
    if vcpus > _number(most["cpu"]) or memory > _number(most["memory"]):
        raise InvalidError(
            "Worker could not be allocated as the application has exceeded maximum allowed capacity: "
            f"{vcpus} vCPU and {memory:.1f} GB are needed, {most['cpu']} and {most['memory']} allowed"
        )


def _number(size: str) -> float:
    """Return the number of a size such as `16 vCPU` or `64GB`."""
    return float(re.split(r"[^\d.]", size.strip(), maxsplit=1)[0])


def _environment(work: Submission) -> dict[str, str]:
    """Return the variables of the script. Its Python is that of the runner, wherever AWS has it."""
    return {name: value for name, value in work.environment.items() if not name.startswith("PYSPARK_")}


def _arguments(work: Submission) -> dict[str, str]:
    """Return the submission as arguments for the runner, which have the names of Glue's."""
    conf = " --conf ".join(f"{name}={value}" for name, value in work.session_settings.items())
    return {"--conf": conf, "--datalake-formats": "iceberg", "--extra-py-files": ",".join(work.py_files)}


def _end_state(outcome: Outcome) -> tuple[str, str]:
    if outcome.state == SUCCEEDED:
        return "SUCCESS", ""
    if outcome.state == FAILED:
        said = _OF_GLUE.sub("", outcome.message.removeprefix("LAUNCH ERROR | "))
        return "FAILED", f"Job failed, please check complete logs in configured logging destination. {said}"
    return "CANCELLED", "" if outcome.state == STOPPED else "The job run exceeded its execution timeout"


def _utilization(work: Submission, seconds: float) -> dict[str, float]:
    hours = seconds / 3600
    vcpus = work.driver.vcpus + work.executors * work.executor.vcpus
    memory = work.driver.memory_gb + work.executors * work.executor.memory_gb
    return {
        "vCPUHour": round(vcpus * hours, 3),
        "memoryGBHour": round(memory * hours, 3),
        "storageGBHour": round(20 * (1 + work.executors) * hours, 3),
    }


def fail_interrupted() -> list[Record]:
    """Set the runs that were under way when the server ended to FAILED, in every account and region. Returns them.

    The scope of each is in its ARN.
    """
    interrupted = [run for run in JOB_RUNS.all_values() if run["state"] not in ENDED]
    for run in interrupted:
        now = time.time()
        run |= {"state": "FAILED", "stateDetails": INTERRUPTED, "updatedAt": now, "endedAt": now}
    return interrupted
