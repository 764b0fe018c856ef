"""EMR Serverless, which MiniStack does not have: applications, Spark job runs, events, the task of Step Functions.

A job run is executed by the runner of Glue's jobs, on the same workers.
"""

from __future__ import annotations

import logging
import sys
import threading
from typing import TYPE_CHECKING, Any

from ministack import app
from ministack.core import iam_actions, router
from ministack.core.responses import request_scope
from ministack.services import stepfunctions as sfn

from localaws import service_models
from localaws.emr_serverless import events, service, step
from localaws.emr_serverless.job_runs import JobRuns, fail_interrupted
from localaws.extensions.glue.spark import MINUTE_SECONDS, glue_spark
from localaws.extensions.stepfunctions import EMIT_AFTER_SECONDS, current_execution
from localaws.hooks import wrap
from localaws.jobs.sessions import aws_variables

if TYPE_CHECKING:
    from localaws.strict.requests import Request
    from localaws.strict.services import Call

logger = logging.getLogger("localaws.emr_serverless")

NAME, MODULE = "emr-serverless", "emr_serverless"


def install() -> None:
    """Register the service. Raises AttributeError when MiniStack lacks a table to register it in."""
    sys.modules[f"ministack.services.{MODULE}"] = service
    app.SERVICE_REGISTRY[NAME] = {"module": MODULE}
    app.SERVICE_HANDLERS[NAME] = app._lazy_handler(MODULE)
    app._state_map[MODULE] = MODULE
    router.SERVICE_PATTERNS[NAME] = {"host_patterns": [r"emr-serverless\."]}
    iam_actions.SERVICE_TO_IAM_NAMESPACE[NAME] = NAME
    spark = glue_spark()
    runs = JobRuns(spark.runner, spark.endpoint, spark.log, MINUTE_SECONDS, _variables)
    service.serve(service.Service(runs, _read))
    sfn._SERVICE_DISPATCH[f"arn:aws:states:::{NAME}:"] = _task
    _report_interrupted()


def _variables(role_arn: str) -> dict[str, str]:
    return aws_variables(role_arn, "EmrServerlessJobRun")


def _read(request: Request) -> Call | None:
    rules = service_models.service(NAME)
    return rules.read(request) if rules is not None else None


def _task(resource: str, data: dict[str, Any]) -> Any:
    """Carry out a task of a state machine, as its `_SERVICE_DISPATCH` calls it."""

    def call(method: str, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        handler = app.SERVICE_HANDLERS[NAME]
        answer: tuple[int, dict[str, str], bytes] = app.call_service_handler_sync(handler, method, path, {}, body, {})
        return answer

    def is_running() -> bool:
        execution = current_execution()
        return execution is None or execution["status"] == "RUNNING"

    try:
        return step.carried_out(resource, data, step.Api(call, is_running))
    except step.StepError as failed:
        raise sfn._ExecutionError(failed.error, failed.cause) from failed


def _report_interrupted() -> None:
    """Fail the runs that were under way when the server was killed, and emit their events."""

    def emit(interrupted: list[dict[str, Any]]) -> None:
        for run in interrupted:
            region, account = run["arn"].split(":")[3:5]
            with request_scope(account, region):
                events.job_run_changed(run, "RUNNING")

    @wrap(service, "load_persisted_state")
    def _(original: Any, data: Any) -> None:
        original(data)
        interrupted = fail_interrupted()
        if interrupted:
            logger.warning(
                "%d job runs of EMR Serverless were interrupted when the server last ended", len(interrupted)
            )
            timer = threading.Timer(EMIT_AFTER_SECONDS, emit, args=(interrupted,))
            timer.daemon = True
            timer.start()
