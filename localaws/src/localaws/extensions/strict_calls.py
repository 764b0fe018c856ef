"""Checks every call against the service model that AWS publishes, and refuses invalid ones with the service's error.

MiniStack checks few constraints, botocore only required members and some minima. Checked are the calls of clients, of
state machines (whose `aws-sdk` tasks and optimized integrations call MiniStack's services in process), and of
EventBridge to its targets.
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ministack import app
from ministack.core import responses
from ministack.services import eventbridge
from ministack.services import stepfunctions as sfn

from localaws.hooks import wrap
from localaws.strict import answers
from localaws.strict.faults import message
from localaws.strict.requests import Request
from localaws.strict.services import Service

if TYPE_CHECKING:
    from types import ModuleType

    from localaws.strict.answers import Response
    from localaws.strict.faults import Fault

logger = logging.getLogger("localaws.strict")

# Models of a module in addition to those of its names in MiniStack's registry.
FURTHER_MODELS = {
    "apigateway": ("apigatewayv2",),
    "documentdb": ("docdb",),
    "efs": ("efs",),
    "ses": ("sesv2",),
}


class Integration(NamedTuple):
    """An optimized integration of Step Functions: service, prefix of its errors, name of errors not in the model."""

    service: str
    prefix: str
    other_error: str


INTEGRATIONS = {
    "athena": Integration("athena", "Athena", "AmazonAthenaException"),
    "dynamodb": Integration("dynamodb", "DynamoDB", "AmazonDynamoDBException"),
    "ecs": Integration("ecs", "ECS", "AmazonECSException"),
    "events": Integration("events", "EventBridge", "AmazonEventBridgeException"),
    "glue": Integration("glue", "Glue", "AWSGlueException"),
    "lambda": Integration("lambda", "Lambda", "AWSLambdaException"),
    "sns": Integration("sns", "SNS", "AmazonSNSException"),
    "sqs": Integration("sqs", "SQS", "AmazonSQSException"),
    "states": Integration("states", "StepFunctions", "AWSStepFunctionsException"),
}
_INTEGRATION = re.compile(r"arn:[^:]+:states:::(?P<service>\w+):(?P<action>\w+)")


def install() -> None:
    """Check calls to every service of MiniStack, of integrations and to targets.

    Raises AttributeError when this version of MiniStack does not have a function to change.
    """
    for name in ("_service_model", "fix_error_content_type"):
        if not hasattr(responses, name):
            raise AttributeError(f"MiniStack's responses no longer have {name}")
    _check_requests()
    _check_integrations()
    _check_targets()


@functools.cache
def service(name: str) -> Service | None:
    """Return the rules of a service by MiniStack's or botocore's name, None when botocore has no model of it.

    The model is the one that MiniStack has loaded: a second copy would take up to 30 MB for a service.
    """
    model = responses._service_model(name)
    return Service(model) if model is not None else None


@functools.cache
def services_of(module: str) -> tuple[Service, ...]:
    """Return the rules of all services that a module of MiniStack implements."""
    registered = [name for name, settings in app.SERVICE_REGISTRY.items() if settings["module"] == module]
    found = map(service, [*registered, *FURTHER_MODELS.get(module, ())])
    return tuple(rules for rules in found if rules is not None)


def refusal(services: tuple[Service, ...], request: Request) -> Response | None:
    """Return the error response for an invalid request, None for a valid one and for an unknown operation."""
    for rules in services:
        call = rules.read(request)
        if call is not None:
            refused = rules.refusal(call)
            if refused is not None and request.method == "HEAD":
                return refused[0], refused[1], b""
            return refused
    return None


def _check_requests() -> None:
    checked: set[str] = set()

    @wrap(app, "_get_module")
    def _(original: Any, name: str) -> ModuleType:
        module: ModuleType = original(name)
        if name not in checked:
            checked.add(name)
            if hasattr(module, "handle_request"):
                _check_module(module, name)
        return module

    @wrap(app, "_handle_s3_control_request")
    async def _(original: Any, path: str, method: str, *more: Any) -> Any:
        body, query, _, headers = more
        if path.startswith("/v20180820/"):
            refused = await _refusal("s3control", Request(method, path, headers, body, query))
            if refused is not None:
                return refused
        return await original(path, method, *more)


def _check_module(module: ModuleType, name: str) -> None:
    @wrap(module, "handle_request")
    async def _(original: Any, *request: Any, **more: Any) -> Any:
        if not more.get("internal"):  # a call of MiniStack itself, like a write of Firehose to S3
            refused = await _refusal(name, _request(*request))
            if refused is not None:
                return refused
        return await original(*request, **more)


def _request(*request: Any) -> Request:
    """Return the arguments of a service's handler as a request; the bodies of state machines are text."""
    method, path, headers, body, query = request
    return Request(method, path, headers, body.encode() if isinstance(body, str) else body or b"", query or {})


_loaded: set[str] = set()


async def _refusal(name: str, request: Request) -> Response | None:
    if name not in _loaded:  # loading a model takes up to a second: on a thread, it does not block other requests
        await asyncio.to_thread(_load, name)
        _loaded.add(name)
    return refusal(_rules(name), request)


def _load(name: str) -> None:
    for rules in _rules(name):
        rules.load()


def _rules(name: str) -> tuple[Service, ...]:
    if name != "s3control":
        return services_of(name)
    rules = service(name)
    return (rules,) if rules is not None else ()


def _check_integrations() -> None:
    @wrap(sfn, "_invoke_resource")
    def _(original: Any, resource: str, data: Any) -> Any:
        called = _INTEGRATION.match(resource)
        integration = INTEGRATIONS.get(called["service"]) if called else None
        if called and integration and isinstance(data, dict):
            _check_integration(integration, called["action"], data)
        return original(resource, data)


def _check_integration(integration: Integration, action: str, data: dict[str, Any]) -> None:
    rules = service(integration.service)
    if rules is None:
        return
    operation = action[:1].upper() + action[1:]
    faults = rules.faults(operation, _members(rules, operation, data))
    if faults:
        code = answers.code_of(rules.name, rules.protocol, faults)
        error = code if rules.raises(code) else integration.other_error
        raise sfn._ExecutionError(f"{integration.prefix}.{error}", answers.message_of(rules.name, faults))


def _members(rules: Service, operation: str, data: dict[str, Any]) -> dict[str, Any]:
    """Return the members of an integration's call: its names begin in upper case, and its texts may be JSON values."""
    model = rules.operation(operation)
    if model is None or model.input_shape is None:
        return {}
    members = {}
    for name, shape in model.input_shape.members.items():
        value = data.get(name, data.get(name[:1].upper() + name[1:]))
        as_text = shape.type_name == "string" and isinstance(value, dict | list)
        members[name] = json.dumps(value) if as_text else value
    return members


def _check_targets() -> None:
    @wrap(eventbridge, "_dispatch_to_sqs")
    def _(original: Any, queue: Any, payload: str, parameters: Any = None) -> None:
        sent = {"QueueUrl": str(queue), "MessageBody": payload, **(parameters or {})}
        if _may_deliver(str(queue), "sqs", "SendMessage", sent):
            original(queue, payload, parameters)

    @wrap(eventbridge, "_dispatch_to_sns")
    def _(original: Any, topic: str, payload: str) -> None:
        if _may_deliver(topic, "sns", "Publish", {"TopicArn": topic, "Message": payload}):
            original(topic, payload)

    @wrap(eventbridge, "_dispatch_to_stepfunctions")
    def _(original: Any, machine: str, payload: str) -> None:
        if _may_deliver(machine, "states", "StartExecution", {"stateMachineArn": machine, "input": payload}):
            original(machine, payload)


def _may_deliver(target: str, name: str, operation: str, members: dict[str, Any]) -> bool:
    """Return whether the call to a target is valid. An invalid one is dropped, as AWS does without a DLQ."""
    rules = service(name)
    faults: list[Fault] = rules.faults(operation, members) if rules is not None else []
    if faults:
        logger.warning("EventBridge target %s not called: %s", target, message(faults)[:1000])
    return not faults
