"""Calls that services make with a role: with `iam_log` they are logged, with `auth` a state machine's must be allowed.

Tasks of state machines fail with `States.Permissions` when the role of the machine lacks a right, as on AWS, and the
target of a schedule is not called. Logged are also the calls of Lambda (logs, traces, receiving from queues, failed
events), Step Functions (logs, traces, key), Glue's jobs (logs, metrics) and crawlers (files, tables).
"""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ministack.services import eventbridge, glue, lambda_svc
from ministack.services import stepfunctions as sfn

from localaws import service_models
from localaws.extensions import stepfunctions
from localaws.extensions.glue import crawlers, spark
from localaws.hooks import wrap
from localaws.iam_calls import integrations, service_duties
from localaws.iam_state.log import call_log
from localaws.iam_state.roles import call_of, refusal
from localaws.settings import load
from localaws.strict.integrations import members_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localaws.iam_calls.integrations import TaskCall
    from localaws.iam_calls.service_duties import Duty

logger = logging.getLogger("localaws.iam")

_crawler: ContextVar[dict[str, Any] | None] = ContextVar("localaws_crawler", default=None)


def install() -> None:
    """Check and log from now on. Raises AttributeError when MiniStack lacks a function to change."""
    if load().auth:
        _check_tasks()
        _check_schedules()
    if call_log() is not None:
        _log_functions()
        _log_queues()
        _log_machines()
        _log_jobs()
        _log_crawls()


def _log(role_arn: str, by: str, duties: Sequence[Duty]) -> None:
    refusal(role_arn, [call_of(*duty) for duty in duties], by)


def _check_tasks() -> None:
    @wrap(sfn, "_invoke_resource")
    def _(original: Any, resource: str, data: Any) -> Any:
        _require_rights(resource, data)
        return original(resource, data)

    @wrap(sfn, "_invoke_with_callback")
    def _(original: Any, resource: str, data: Any, *more: Any) -> Any:
        _require_rights(resource, data)
        return original(resource, data, *more)


def _require_rights(resource: str, data: Any) -> None:
    execution = stepfunctions.current_execution()
    machine = sfn._state_machines.get((execution or {}).get("stateMachineArn", "")) or {}
    calls = [call_of(call.service, call.operation, _members(call)) for call in integrations.calls_of(resource, data)]
    refused = refusal(str(machine.get("roleArn", "")), calls, "states")
    if refused:
        raise sfn._ExecutionError("States.Permissions", refused)


def _members(call: TaskCall) -> dict[str, Any]:
    """Return the members of a task's call by their names in the API."""
    rules = service_models.service(call.service)
    known = members_of(rules, call.operation, call.members) if rules is not None else {}
    return {name: value for name, value in known.items() if value is not None} or call.members


def _check_schedules() -> None:
    @wrap(eventbridge, "_invoke_target")
    def _(original: Any, target: dict[str, Any], *more: Any, **named: Any) -> Any:
        role = str(target.get("RoleArn") or "")
        duties = service_duties.of_failed_event(str(target.get("Arn")))  # the same calls as of a destination
        refused = refusal(role, [call_of(*duty) for duty in duties], "scheduler") if role else None
        if refused:
            logger.warning("the target of a schedule is not called: %s", refused)
            return None
        return original(target, *more, **named)


def _log_functions() -> None:
    @wrap(lambda_svc, "_emit_lambda_logs")
    def _(original: Any, function: dict[str, Any], *about: Any, **more: Any) -> Any:
        config = function.get("config") or function
        _log(str(config.get("Role", "")), "lambda", service_duties.of_function(config, "$LATEST"))
        return original(function, *about, **more)

    @wrap(lambda_svc, "_route_async_failure")
    def _(original: Any, target_arn: str, name: str, *more: Any) -> Any:
        config = (lambda_svc._functions.get(name) or {}).get("config") or {}
        _log(str(config.get("Role", "")), "lambda", service_duties.of_failed_event(target_arn))
        return original(target_arn, name, *more)


def _log_queues() -> None:
    @wrap(lambda_svc, "_run_sqs_batch")
    def _(original: Any, mapping: dict[str, Any], function: dict[str, Any], *more: Any) -> Any:
        config = function.get("config") or function
        _log(str(config.get("Role", "")), "lambda", service_duties.of_queue(str(mapping.get("EventSourceArn"))))
        return original(mapping, function, *more)


def _log_machines() -> None:
    @wrap(sfn, "_run_execution")
    def _(original: Any, execution_arn: str) -> Any:
        execution = sfn._executions.get(execution_arn) or {}
        machine = sfn._state_machines.get(execution.get("stateMachineArn", "")) or {}
        _log(str(machine.get("roleArn", "")), "states", service_duties.of_machine(machine))
        return original(execution_arn)


def _log_jobs() -> None:
    @wrap(spark.GlueSpark, "_run")
    def _(original: Any, self: Any, job: dict[str, Any], data: Any, record: dict[str, Any]) -> Any:
        _log(str(job.get("Role", "")), "glue", service_duties.of_job_run(job, record["Id"]))
        return original(self, job, data, record)


def _log_crawls() -> None:
    @wrap(crawlers, "_run")
    def _(original: Any, crawler: dict[str, Any]) -> None:
        token = _crawler.set(crawler)
        try:
            original(crawler)
        finally:
            _crawler.reset(token)

    @wrap(crawlers, "_keys")
    def _(original: Any, bucket: str, *more: Any) -> Any:
        crawler = _crawler.get() or {}
        _log_crawl(service_duties.of_crawl(crawler, bucket))
        return original(bucket, *more)

    def reading(original: Any, bucket: str, key: str) -> Any:
        _log_crawl([("s3", "GetObject", {"Bucket": bucket, "Key": key})])
        return original(bucket, key)

    wrap(crawlers, "_head")(reading)
    wrap(crawlers, "_parquet_columns")(reading)
    for operation, function in WRITES_OF_CRAWLS.items():
        _log_writes(operation, function)


WRITES_OF_CRAWLS = {
    "CreateTable": "_create_table",
    "UpdateTable": "_update_table",
    "BatchCreatePartition": "_create_partition",  # crawlers create partitions in batches
}


def _log_writes(operation: str, function: str) -> None:
    @wrap(glue, function)
    def _(original: Any, data: dict[str, Any]) -> Any:
        _log_crawl([("glue", operation, data)])
        return original(data)


def _log_crawl(duties: Sequence[Duty]) -> None:
    crawler = _crawler.get()
    if crawler is not None:
        _log(str(crawler.get("Role", "")), "crawler", duties)
