"""Lambda's limits of functions, and of queues that feed them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.strict.faults import Fault, message
from localaws.strict.rules.rule import Refusal, rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.strict.rules.rule import Account

LAYERS, TIMEOUT_SECONDS, BATCH = 5, 900, 10
RESERVED = frozenset({
    "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY", "AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT",
})  # fmt: skip
SETTINGS = ("CreateFunction", "UpdateFunctionConfiguration")


def _invalid(text: str) -> Refusal:
    return Refusal("InvalidParameterValueException", text)


@rule("lambda", *SETTINGS)
def layers(members: Mapping[str, Any], _account: Account) -> Refusal | None:
    """Refuse more than five layers."""
    if len(members.get("Layers") or ()) <= LAYERS:
        return None
    return _invalid(f"Cannot reference more than {LAYERS} layers.")


@rule("lambda", *SETTINGS)
def timeout(members: Mapping[str, Any], _account: Account) -> Refusal | None:
    """Refuse a timeout of more than 15 minutes."""
    seconds = members.get("Timeout")
    if not isinstance(seconds, int) or seconds <= TIMEOUT_SECONDS:
        return None
    problem = f"Member must have value less than or equal to {TIMEOUT_SECONDS}"
    return Refusal("ValidationException", message([Fault("timeout", f"'{seconds}'", problem)]))


@rule("lambda", *SETTINGS)
def variables(members: Mapping[str, Any], _account: Account) -> Refusal | None:
    """Refuse variables that Lambda sets itself."""
    sent = (members.get("Environment") or {}).get("Variables") or {}
    taken = sorted(RESERVED & set(sent))
    if not taken:
        return None
    return _invalid(
        "Lambda was unable to configure your environment variables because the environment variables you have "
        "provided contains reserved keys that are currently not supported for modification. "
        f"Reserved keys used in this request: {', '.join(taken)}"
    )


@rule("lambda", "CreateEventSourceMapping")
def visibility(members: Mapping[str, Any], account: Account) -> Refusal | None:
    """Refuse a queue from which messages would come again while the function still works on them."""
    hidden = account.visibility_timeout(members.get("EventSourceArn") or "")
    runs = account.function_timeout(members.get("FunctionName") or "")
    if hidden is None or runs is None or hidden >= runs:
        return None
    return _invalid(f"Queue visibility timeout: {hidden} seconds is less than Function timeout: {runs} seconds")


@rule("lambda", "CreateEventSourceMapping", "UpdateEventSourceMapping")
def batches(members: Mapping[str, Any], _account: Account) -> Refusal | None:
    """Refuse batches of a queue that would never fill: more than ten messages without time to gather them."""
    source, size = members.get("EventSourceArn") or "", members.get("BatchSize")
    if ":sqs:" not in source or not isinstance(size, int) or size <= BATCH:
        return None
    if source.endswith(".fifo"):
        return _invalid(f"Batch size must be between 1 and {BATCH} for FIFO queues.")
    if members.get("MaximumBatchingWindowInSeconds"):
        return None
    return _invalid(
        f"Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than {BATCH}"
    )


POLLER_ACTIONS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
SENDING = {"sqs": "SendMessage", "sns": "Publish"}


@rule("lambda", "CreateEventSourceMapping")
def poller_rights(members: Mapping[str, Any], account: Account) -> Refusal | None:
    """Refuse a queue that the function's role may not read."""
    queue, role = members.get("EventSourceArn") or "", account.role_of(members.get("FunctionName") or "")
    if ":sqs:" not in queue or role is None:
        return None
    return _lacking(account, role, queue, POLLER_ACTIONS)


@rule("lambda", *SETTINGS)
def dead_letter_rights(members: Mapping[str, Any], account: Account) -> Refusal | None:
    """Refuse a dead-letter target that the role may not send to."""
    target = (members.get("DeadLetterConfig") or {}).get("TargetArn") or ""
    role = members.get("Role") or account.role_of(members.get("FunctionName") or "")
    return _lacking_to_send(account, role, target)


@rule("lambda", "PutFunctionEventInvokeConfig", "UpdateFunctionEventInvokeConfig")
def destination_rights(members: Mapping[str, Any], account: Account) -> Refusal | None:
    """Refuse a destination that the function's role may not send to."""
    role = account.role_of(members.get("FunctionName") or "")
    wanted = members.get("DestinationConfig") or {}
    targets = [(wanted.get(name) or {}).get("Destination") or "" for name in ("OnSuccess", "OnFailure")]
    return next(filter(None, (_lacking_to_send(account, role, target) for target in targets)), None)


def _lacking_to_send(account: Account, role: str | None, target: str) -> Refusal | None:
    service = target.split(":")[2] if target.count(":") > 1 else ""
    if role is None or service not in SENDING:
        return None
    return _lacking(account, role, target, (SENDING[service],))


def _lacking(account: Account, role: str, resource: str, actions: tuple[str, ...]) -> Refusal | None:
    service = resource.split(":")[2]
    for action in actions:
        if not account.role_may(role, f"{service}:{action}", resource):
            problem = f"does not have permissions to call {action} on {service.upper()}"
            return _invalid(f"The provided execution role {problem}")
    return None
