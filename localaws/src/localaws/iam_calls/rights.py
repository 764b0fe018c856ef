"""The rights that a call needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from localaws.iam_calls import emr_serverless, glue, keys, messages, other, s3, tables
from localaws.iam_calls.model import Lookups, Needed

if TYPE_CHECKING:
    from localaws.iam_calls.model import Call, Rule

RULES: Final[dict[str, Rule]] = {
    "athena": other.of_queries,
    "cloudwatch": other.of_metrics,
    "dynamodb": tables.needed,
    "emr-serverless": emr_serverless.needed,
    "events": messages.of_bus,
    "glue": glue.needed,
    "kms": other.of_keys,
    "lambda": messages.of_function,
    "logs": other.of_logs,
    "s3": s3.needed,
    "secretsmanager": other.of_secrets,
    "sns": messages.of_topic,
    "sqs": messages.of_queue,
    "stepfunctions": messages.of_machine,
    "sts": other.of_roles,
}

PREFIXES: Final = {"cloudwatch": "cloudwatch", "stepfunctions": "states"}
"""The prefix of a service's actions, where it is not the name of the service."""

WITHOUT_RIGHTS: Final = frozenset({("sts", "GetCallerIdentity"), ("sts", "GetSessionToken")})
"""What everybody may call."""


def needed(call: Call, lookups: Lookups | None = None) -> list[Needed]:
    """Return all rights that a call needs, those on KMS keys of its resources included."""
    if (call.service, call.operation) in WITHOUT_RIGHTS:
        return []
    rule = RULES.get(call.service)
    if rule is None:
        return [Needed(f"{PREFIXES.get(call.service, call.service)}:{call.operation}")]
    known = lookups or Lookups()
    rights = rule(_named_like_arns(call), known)
    return [*rights, *keys.needed(call, rights, known)]


def _named_like_arns(call: Call) -> Call:
    return call if call.service not in PREFIXES else type(call)(**{**vars(call), "service": PREFIXES[call.service]})
