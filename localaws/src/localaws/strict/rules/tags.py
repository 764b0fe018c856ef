"""Tags of resources: at most fifty, and none that begin with `aws:`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.strict.rules.rule import Refusal, rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from localaws.strict.rules.rule import Account, Rule

TAGS = 50
CODES = {
    "athena": "InvalidRequestException",
    "cloudwatch": "ValidationError",
    "dynamodb": "ValidationException",
    "events": "ValidationException",
    "glue": "InvalidInputException",
    "iam": "ValidationError",
    "kms": "TagException",
    "lambda": "InvalidParameterValueException",
    "s3": "InvalidTag",
    "sns": "InvalidParameter",
    "sqs": "InvalidParameterValue",
    "stepfunctions": "ValidationException",
}
"""The services whose tags are checked, each with its error."""
TOO_MANY = {"s3": "BadRequest", "iam": "LimitExceeded", "kms": "LimitExceededException", "stepfunctions": "TooManyTags"}
"""The error for too many tags, where it is another one."""
OPERATIONS = {
    "athena": ("CreateWorkGroup", "TagResource"),
    "cloudwatch": ("PutMetricAlarm", "TagResource"),
    "dynamodb": ("CreateTable", "TagResource"),
    "events": ("PutRule", "CreateEventBus", "TagResource"),
    "glue": ("CreateJob", "CreateCrawler", "CreateDatabase", "CreateTrigger", "TagResource"),
    "iam": ("CreateRole", "CreatePolicy", "TagRole", "TagPolicy"),
    "kms": ("CreateKey", "TagResource"),
    "lambda": ("CreateFunction", "TagResource"),
    "s3": ("PutBucketTagging",),
    "sns": ("CreateTopic", "TagResource"),
    "sqs": ("CreateQueue", "TagQueue"),
    "stepfunctions": ("CreateStateMachine", "TagResource"),
}
_NAMES = ("Tags", "tags", "TagSet", "TagsToAdd", "Tag")
_KEYS = ("Key", "key", "TagKey")


def keys(members: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys of all tags of a request, which services send as maps or as lists."""
    for name in _NAMES:
        found = members.get(name) or ()
        if isinstance(found, dict):
            yield from found
        else:
            for tag in found:
                yield from (str(tag[key]) for key in _KEYS if isinstance(tag, dict) and key in tag)


def _rule(service: str) -> Rule:
    def check(members: Mapping[str, Any], _account: Account) -> Refusal | None:
        found = list(keys(members.get("Tagging") or members))
        if any(key.lower().startswith("aws:") for key in found):
            return Refusal(CODES[service], "aws: prefixed tag key names are not allowed for external use.")
        if len(found) > TAGS:
            return Refusal(TOO_MANY.get(service, CODES[service]), f"The number of tags exceeds the limit of {TAGS}.")
        return None

    return check


for _service, _operations in OPERATIONS.items():
    rule(_service, *_operations)(_rule(_service))
