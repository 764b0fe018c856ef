"""SQS, SNS and EventBridge: sizes of messages and events, targets, patterns, schedules."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localaws.conformance.checks import check, equal, refused

if TYPE_CHECKING:
    from localaws.conformance.target import Target

SCHEDULE = "rate(1 day)"


def _queue(target: Target) -> str:
    sqs = target.client("sqs")
    url: str = sqs.create_queue(QueueName=target.name)["QueueUrl"]
    target.later(sqs.delete_queue, QueueUrl=url)
    return url


def _topic(target: Target) -> str:
    sns = target.client("sns")
    arn: str = sns.create_topic(Name=target.name)["TopicArn"]
    target.later(sns.delete_topic, TopicArn=arn)
    return arn


def _rule(target: Target) -> Any:
    events = target.client("events")
    events.put_rule(Name=target.name, ScheduleExpression=SCHEDULE, State="DISABLED")
    target.later(events.delete_rule, Name=target.name)
    return events


def _targets(target: Target, count: int) -> list[dict[str, str]]:
    queue = f"arn:aws:sqs:{target.region}:000000000000:conformance"
    return [{"Id": str(number), "Arn": f"{queue}-{number}"} for number in range(count)]


@check("sqs", "a message has at most 1 MiB, and a batch, too")
def message_size(target: Target) -> None:
    sqs, url = target.client("sqs"), _queue(target)
    refused("InvalidParameterValue", sqs.send_message, QueueUrl=url, MessageBody="x" * 1_048_577)
    entries = [{"Id": str(number), "MessageBody": "x" * 600_000} for number in range(2)]
    codes = ("BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong")
    refused(codes, sqs.send_message_batch, QueueUrl=url, Entries=entries)


@check("sqs", "a batch has at most ten messages")
def batch(target: Target) -> None:
    entries = [{"Id": str(number), "MessageBody": "x"} for number in range(11)]
    codes = ("TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest")
    refused(codes, target.client("sqs").send_message_batch, QueueUrl=_queue(target), Entries=entries)


@check("sqs", "a message has only characters of XML 1.0")
def characters(target: Target) -> None:
    request = {"QueueUrl": _queue(target), "MessageBody": "a\u0001b"}
    refused(("InvalidMessageContents", "InvalidParameterValue"), target.client("sqs").send_message, **request)


@check("sqs", "attributes of a queue are within their ranges")
def attributes(target: Target) -> None:
    sqs, url = target.client("sqs"), _queue(target)
    ranges = {"VisibilityTimeout": "43201", "DelaySeconds": "901", "MessageRetentionPeriod": "59",
              "ReceiveMessageWaitTimeSeconds": "21", "MaximumMessageSize": "1048577"}  # fmt: skip
    for name, value in ranges.items():
        codes = ("InvalidAttributeValue", "InvalidParameterValue")
        refused(codes, sqs.set_queue_attributes, QueueUrl=url, Attributes={name: value})


@check("sqs", "a policy that is not one is refused")
def queue_policy(target: Target) -> None:
    request = {"QueueUrl": _queue(target), "Attributes": {"Policy": '{"Statement": "no"}'}}
    codes = ("InvalidAttributeValue", "InvalidParameterValue")
    refused(codes, target.client("sqs").set_queue_attributes, **request)


@check("sns", "a message has at most 256 KiB")
def notification(target: Target) -> None:
    request = {"TopicArn": _topic(target), "Message": "x" * 262_145}
    refused(("InvalidParameter", "InvalidParameterValue"), target.client("sns").publish, **request)


@check("sns", "a subject has no line breaks and at most 100 characters")
def subject(target: Target) -> None:
    topic, publish = _topic(target), target.client("sns").publish
    for text in ("a\nb", "x" * 101):
        refused("InvalidParameter", publish, TopicArn=topic, Message="m", Subject=text)


@check("sns", "a topic's policy has only actions of topics")
def topic_policy(target: Target) -> None:
    topic = _topic(target)
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sns:*", "Resource": topic}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    request = {"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": document}
    refused("InvalidParameter", target.client("sns").set_topic_attributes, **request)


@check("events", "entries have at most 1 MB together")
def entry_size(target: Target) -> None:
    entry = {"Source": target.name, "DetailType": "t", "Detail": json.dumps({"x": "y" * 600_000})}
    refused(("ValidationException", "413"), target.client("events").put_events, Entries=[entry, entry])


@check("events", "an entry without source or type fails alone, and so does one that seems to be from AWS")
def incomplete_entries(target: Target) -> None:
    good = {"Source": target.name, "DetailType": "t", "Detail": "{}"}
    without = [{name: value for name, value in good.items() if name != missing} for missing in good]
    entries = [*without, {**good, "Source": "aws.s3"}, {**good, "Detail": "[1]"}, good]
    answer = target.client("events").put_events(Entries=entries)
    codes = ["InvalidArgument"] * 3 + ["NotAuthorizedForSourceException", "MalformedDetail", None]
    equal([entry.get("ErrorCode") for entry in answer["Entries"]], codes)


@check("events", "a rule has at most five targets")
def targets(target: Target) -> None:
    events = _rule(target)
    ids = [entry["Id"] for entry in _targets(target, 6)]
    target.later(events.remove_targets, Rule=target.name, Ids=ids)
    refused("LimitExceededException", events.put_targets, Rule=target.name, Targets=_targets(target, 6))


@check("events", "a target has one of an input, a path and a transformer")
def inputs(target: Target) -> None:
    both = {**_targets(target, 1)[0], "Input": "{}", "InputPath": "$.detail"}
    refused("ValidationException", _rule(target).put_targets, Rule=target.name, Targets=[both])


@check("events", "a pattern that cannot match is refused")
def patterns(target: Target) -> None:
    for pattern in ('{"source": "text"}', '{"source": [{"prefx": "a"}]}', "{no", '{"source": []}'):
        request = {"Name": target.name, "EventPattern": pattern}
        refused("InvalidEventPatternException", target.client("events").put_rule, **request)


@check("events", "a schedule that is none is refused")
def schedules(target: Target) -> None:
    for expression in ("rate(1 days)", "rate(0 minutes)", "cron(0 0 * * * *)", "every day"):
        request = {"Name": target.name, "ScheduleExpression": expression}
        refused("ValidationException", target.client("events").put_rule, **request)
