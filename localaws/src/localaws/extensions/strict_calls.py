"""Refuses calls that AWS refuses, with the service's error: by its model, and by the rules of `localaws.strict.rules`.

MiniStack checks few constraints, botocore only required members and some minima. Checked are the calls of clients, of
state machines (whose `aws-sdk` tasks and optimized integrations call MiniStack's services in process), and of
EventBridge to its targets.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from typing import TYPE_CHECKING, Any

from ministack import app
from ministack.core import responses
from ministack.services import eventbridge
from ministack.services import stepfunctions as sfn

from localaws.account import MinistackAccount
from localaws.hooks import wrap
from localaws.service_models import service
from localaws.settings import load
from localaws.strict import answers
from localaws.strict.faults import message
from localaws.strict.integrations import INTEGRATION, INTEGRATIONS, Integration, members_of
from localaws.strict.requests import Request
from localaws.strict.throttling import MESSAGE, Throttle, error_of

if TYPE_CHECKING:
    from types import ModuleType

    from localaws.strict.answers import Response
    from localaws.strict.faults import Fault
    from localaws.strict.services import Call, Service

logger = logging.getLogger("localaws.strict")
ACCOUNT = MinistackAccount()

# Models of a module in addition to those of its names in MiniStack's registry.
FURTHER_MODELS = {
    "apigateway": ("apigatewayv2",),
    "documentdb": ("docdb",),
    "efs": ("efs",),
    "ses": ("sesv2",),
}


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
            refused = _throttled(rules, call) or rules.refusal(call, ACCOUNT)
            if refused is not None and request.method == "HEAD":
                return refused[0], refused[1], b""
            return refused
    return None


def _throttled(rules: Service, call: Call) -> Response | None:
    if _throttle().accepts(rules.name, call.operation):
        return None
    logger.info("throttled: %s %s", rules.name, call.operation)
    code, status = error_of(rules.name)
    return answers.refused(rules.name, call.protocol, code, MESSAGE, status)


@functools.cache
def _throttle() -> Throttle:
    return Throttle(load().throttling)


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
        called = INTEGRATION.match(resource)
        integration = INTEGRATIONS.get(called["service"]) if called else None
        if called and integration and isinstance(data, dict):
            _check_integration(integration, called["action"], data)
        return original(resource, data)


def _check_integration(integration: Integration, action: str, data: dict[str, Any]) -> None:
    rules = service(integration.service)
    if rules is None:
        return
    operation = action[:1].upper() + action[1:]
    if not _throttle().accepts(rules.name, operation):
        cause = f"{MESSAGE} (Service: {rules.name}; Error Code: {error_of(rules.name)[0]})"
        raise sfn._ExecutionError(f"{integration.prefix}.{integration.other_error}", cause)
    members = members_of(rules, operation, data)
    faults = rules.faults(operation, members)
    broken = None if faults else rules.broken_rule(operation, members, ACCOUNT)
    if faults:
        code, text = answers.code_of(rules.name, rules.protocol, faults), answers.message_of(rules.name, faults)
    elif broken:
        code, text = broken.code, broken.message
    else:
        return
    error = code if rules.raises(code) else integration.other_error
    raise sfn._ExecutionError(f"{integration.prefix}.{error}", text)


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
    broken = rules.broken_rule(operation, members, ACCOUNT) if rules is not None and not faults else None
    problem = message(faults) if faults else broken.message if broken else None
    if problem:
        logger.warning("EventBridge target %s not called: %s", target, problem[:1000])
    return not problem
