"""The calls that a task of a state machine makes with the role of the machine."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

_OPTIMIZED: Final = re.compile(r"arn:[^:]+:states:::(?P<service>[\w-]+):(?P<operation>\w+)(?P<pattern>\.\w+)?(:\d+)?")
_SDK: Final = re.compile(r"arn:[^:]+:states:::aws-sdk:(?P<service>\w+):(?P<operation>\w+)(\.\w+)?")
_FUNCTION: Final = re.compile(r"arn:[^:]+:lambda:[^:]+:\d+:function:.+")

SDK_SERVICES: Final = {
    "cloudwatchlogs": "logs",
    "eventbridge": "events",
    "sfn": "stepfunctions",
}
"""Step Functions' name of a service to botocore's, where they differ."""

SERVICES: Final = {"states": "stepfunctions"}
"""The same, for optimized integrations."""

RULE_OF_EXECUTIONS: Final = {"Name": "StepFunctionsGetEventsForStepFunctionsExecutionRule"}

OF_SYNC: Final[dict[tuple[str, str], tuple[tuple[str, str], ...]]] = {
    ("glue", "StartJobRun"): (("glue", "GetJobRun"), ("glue", "GetJobRuns"), ("glue", "BatchStopJobRun")),
    ("athena", "StartQueryExecution"): (("athena", "GetQueryExecution"), ("athena", "StopQueryExecution")),
    ("emr-serverless", "StartJobRun"): (("emr-serverless", "GetJobRun"), ("emr-serverless", "CancelJobRun")),
    ("stepfunctions", "StartExecution"): (
        ("stepfunctions", "DescribeExecution"),
        ("stepfunctions", "StopExecution"),
        ("events", "PutTargets"),
        ("events", "PutRule"),
        ("events", "DescribeRule"),
    ),
}
"""What a task that waits (`.sync`) calls besides the call itself."""


class TaskCall(NamedTuple):
    """One call: botocore's name of the service, the operation, the members as the task gives them."""

    service: str
    operation: str
    members: dict[str, Any]


def calls_of(resource: str, arguments: Any) -> list[TaskCall]:
    """Return the calls of a task; none for an activity, and for what is not a call of AWS."""
    given = arguments if isinstance(arguments, dict) else {}
    if _FUNCTION.fullmatch(resource):
        return [TaskCall("lambda", "Invoke", {"FunctionName": resource})]
    sdk = _SDK.fullmatch(resource)
    if sdk:
        return [TaskCall(SDK_SERVICES.get(sdk["service"], sdk["service"]), _upper(sdk["operation"]), given)]
    optimized = _OPTIMIZED.fullmatch(resource)
    if not optimized:
        return []
    service = SERVICES.get(optimized["service"], optimized["service"])
    further = OF_SYNC.get((service, _upper(optimized["operation"])), ()) if optimized["pattern"] == ".sync" else ()
    return [
        TaskCall(service, _upper(optimized["operation"]), given),
        *(TaskCall(name, operation, _watched(name, given)) for name, operation in further),
    ]


def _watched(service: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return dict(RULE_OF_EXECUTIONS) if service == "events" else arguments


def _upper(operation: str) -> str:
    return operation[:1].upper() + operation[1:]
