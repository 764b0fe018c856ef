"""Glue Spark jobs: StartJobRun runs the job's script from S3 with local PySpark.

MiniStack without Docker reports SUCCEEDED and does not read the script.
"""

from __future__ import annotations

import contextvars
import functools
import json
import logging
import os
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import glue

from localaws.extensions.glue.events import emit_job_state_change
from localaws.hooks import succeeded, wrap
from localaws.job_runs import finish_record, max_concurrent_runs, new_record, runs_in_progress, update_record
from localaws.jobs.logs import RunLogs
from localaws.jobs.sessions import aws_variables
from localaws.paths import Paths
from localaws.settings import load
from localaws.spark.pool import Pool
from localaws.spark.runner import FAILED, JobRun, Outcome, Runner
from localaws.spark.worker_process import WorkerSettings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

logger = logging.getLogger("localaws.glue_spark")

# Tests shorten it, so that they need not wait for a timeout of one minute.
MINUTE_SECONDS = load().glue_minute_seconds
LOG_LIMIT_BYTES = 50_000_000
PREWARM = load().spark_prewarm


@dataclass
class GlueSpark:
    """Starts and stops runs for Glue's API: concurrency limit, retries, records, logs and events."""

    runner: Runner
    pool: Pool
    endpoint: str
    log: Path
    _starting: threading.Lock = field(default_factory=threading.Lock)
    _warmed: bool = False

    def start(self, job: dict[str, Any], data: Mapping[str, Any]) -> Any:
        """Answer StartJobRun, with ConcurrentRunsExceededException when too many runs of the job are in progress."""
        with self._starting:
            if len(runs_in_progress(job["Name"])) >= max_concurrent_runs(job):
                return error_response_json(
                    "ConcurrentRunsExceededException", f"Concurrent runs exceeded for {job['Name']}", 400
                )
            record = self._add(job, data)
        # A thread does not inherit the request's account and region.
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._run_with_retries, job, data, record), daemon=True).start()
        return json_response({"JobRunId": record["Id"]})

    def stop(self, job_name: str, run_id: str) -> bool:
        """Stop a run in progress. Returns False if it is not one."""
        if any(run["Id"] == run_id for run in runs_in_progress(job_name)):
            update_record(job_name, run_id, JobRunState="STOPPING")
            return self.runner.stop(run_id)
        return False

    def prewarm(self) -> None:
        """Start the first worker in the background, once. It is called when the first job exists."""
        if PREWARM and not self._warmed:
            self._warmed = True
            self.pool.prewarm()

    def _run_with_retries(self, job: dict[str, Any], data: Mapping[str, Any], record: dict[str, Any]) -> None:
        first = record["Id"]
        retries = int(job.get("MaxRetries") or 0)
        for attempt in range(1, retries + 2):
            outcome = self._run(job, data, record)
            # As in Glue, a run that was stopped or timed out is not retried.
            if outcome.state != FAILED or attempt > retries:
                return
            record = self._add(job, data, attempt, first)

    def _add(
        self, job: Mapping[str, Any], data: Mapping[str, Any], attempt: int = 0, first: str | None = None
    ) -> dict[str, Any]:
        record = new_record(job, data, attempt=attempt, previous=first)
        self.runner.admit(record["Id"])
        glue._job_runs.setdefault(job["Name"], []).append(record)
        return record

    def _run(self, job: dict[str, Any], data: Mapping[str, Any], record: dict[str, Any]) -> Outcome:
        name, run_id = job["Name"], record["Id"]
        try:
            folder = log_folder(job)
            places = {stream: (f"{folder}/{stream}", run_id) for stream in ("output", "error")}
            logs = RunLogs(f"{name} {run_id}", places, self.log)
            outcome = self.runner.execute(
                JobRun(
                    run_id,
                    job.get("Command", {}).get("ScriptLocation", ""),
                    _arguments(job, data, run_id),
                    self._environment(job),
                    float(record["Timeout"]) * MINUTE_SECONDS,
                ),
                lambda: update_record(name, run_id, JobRunState="RUNNING"),
                logs.write,
            )
        except Exception as error:
            logger.exception("internal error in the run %s of %s", run_id, name)
            outcome = Outcome(FAILED, f"Internal error of the local runner: {error}")
        finish_record(name, record, outcome.state, outcome.message)
        if self._warmed:
            self.pool.prewarm_if_cold()
        message = outcome.message or f"Job run is in {outcome.state} state"
        emit_job_state_change(name, run_id, outcome.state, message)
        return outcome

    def _environment(self, job: dict[str, Any]) -> dict[str, str]:
        return {"AWS_ENDPOINT_URL": self.endpoint, **aws_variables(str(job.get("Role", "")), "GlueJobRunnerSession")}


def log_folder(job: Mapping[str, Any]) -> str:
    """Return the beginning of a job's log groups, which end in /output and /error.

    A job with a security configuration has groups of its own, as on Glue 5: they are encrypted with its key.
    """
    configuration, role = job.get("SecurityConfiguration"), str(job.get("Role", "")).rpartition("/")[2]
    return f"/aws-glue/jobs/{configuration}-role/{role}" if configuration else "/aws-glue/jobs"


def install() -> None:
    """Replace starting and stopping of Spark job runs; MiniStack runs jobs of other kinds."""
    spark = glue_spark()

    @wrap(glue, "_start_job_run")
    def _(original: Any, data: dict[str, Any]) -> Any:
        job = glue._jobs.get(data.get("JobName"))
        return spark.start(job, data) if job and glue._is_spark_job(job) else original(data)

    @wrap(glue, "_batch_stop_job_run")
    def _(original: Any, data: dict[str, Any]) -> Any:
        name = data.get("JobName", "")
        stopped = [run_id for run_id in data.get("JobRunIds", []) if spark.stop(name, run_id)]
        remaining = [run_id for run_id in data.get("JobRunIds", []) if run_id not in stopped]
        answer = json.loads(original({**data, "JobRunIds": remaining})[2])
        answer["SuccessfulSubmissions"] += [{"JobName": name, "JobRunId": run_id} for run_id in stopped]
        return json_response(answer)

    @wrap(glue, "_get_job_runs")
    def _(original: Any, data: dict[str, Any]) -> Any:
        response = original(data)
        if not succeeded(response):
            return response
        start, size = int(data.get("NextToken") or 0), int(data.get("MaxResults") or 200)
        runs = json.loads(response[2])["JobRuns"][::-1]  # newest first, as on AWS
        more = {"NextToken": str(start + size)} if len(runs) > start + size else {}
        return json_response({"JobRuns": runs[start : start + size], **more})

    @wrap(glue, "_create_job")
    def _(original: Any, data: dict[str, Any]) -> Any:
        response = original(data)
        if succeeded(response) and glue._is_spark_job(data):
            spark.prewarm()
        return response

    @wrap(glue, "_restore_state")
    def _(original: Any, data: Any) -> Any:
        result = original(data)
        if any(glue._is_spark_job(job) for _scope, job in glue._jobs.all_items()):
            spark.prewarm()
        return result


@functools.cache
def glue_spark() -> GlueSpark:
    """Return what runs Spark jobs in this process: EMR Serverless shares its workers."""
    paths = Paths(load().home)
    endpoint = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}"
    log = paths.logs / "spark.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))
    pool = Pool(WorkerSettings(endpoint, paths.scratch, log))
    return GlueSpark(Runner(pool, endpoint, paths.scratch), pool, endpoint, log)


def _arguments(job: Mapping[str, Any], data: Mapping[str, Any], run_id: str) -> dict[str, str]:
    arguments = {
        **(job.get("DefaultArguments") or {}),
        "--JOB_NAME": job["Name"],
        "--JOB_RUN_ID": run_id,
        **(data.get("Arguments") or {}),
        **(job.get("NonOverridableArguments") or {}),
    }
    return {name: str(value) for name, value in arguments.items()}
