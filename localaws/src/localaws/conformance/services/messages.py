"""SQS, SNS and EventBridge: visibility, dead letters, first-in-first-out, filters, patterns."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localaws.conformance.checks import check, equal, refused

if TYPE_CHECKING:
    from localaws.conformance.target import Target


def _queue(target: Target, name: str, **attributes: str) -> tuple[str, str]:
    sqs = target.client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    target.later(sqs.delete_queue, QueueUrl=url)
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, arn


def _open_queue(target: Target) -> tuple[str, str]:
    """Return a queue that every service of AWS may write to."""
    url, arn = _queue(target, target.name)
    statement = {"Effect": "Allow", "Principal": {"Service": ["sns.amazonaws.com", "events.amazonaws.com"]}}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Action": "sqs:SendMessage", "Resource": arn}]}
    target.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    return url, arn


def _received(target: Target, url: str) -> list[Any]:
    answer = target.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
    return [message["Body"] for message in answer.get("Messages", [])]


def _arrived(target: Target, url: str) -> list[Any]:
    return list(target.eventually(lambda: _received(target, url), bool))


@check("sqs", "a received message is hidden until its visibility timeout, then it comes again")
def visibility(target: Target) -> None:
    url, _ = _queue(target, target.name, VisibilityTimeout="2")
    target.client("sqs").send_message(QueueUrl=url, MessageBody="m")
    equal(_received(target, url), ["m"])
    equal(_received(target, url), [])
    equal(_arrived(target, url), ["m"])


@check("sqs", "a message that was received too often goes to the dead letters")
def dead_letters(target: Target) -> None:
    dead, arn = _queue(target, f"{target.name}-dead")
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    url, _ = _queue(target, target.name, VisibilityTimeout="0", RedrivePolicy=policy)
    target.client("sqs").send_message(QueueUrl=url, MessageBody="m")
    target.eventually(lambda: _received(target, url), lambda found: found == [])
    equal(_arrived(target, dead), ["m"])


@check("sqs", "a first-in-first-out queue takes a message of the same deduplication id once")
def first_in_first_out(target: Target) -> None:
    url, _ = _queue(target, f"{target.name}.fifo", FifoQueue="true")
    for body in ("one", "again"):
        target.client("sqs").send_message(
            QueueUrl=url, MessageBody=body, MessageGroupId="g", MessageDeduplicationId="same"
        )
    equal(_arrived(target, url), ["one"])


@check("sqs", "an empty message is refused")
def empty_message(target: Target) -> None:
    url, _ = _queue(target, target.name)
    codes = ("MissingParameter", "InvalidParameterValue", "EmptyValue", "InvalidMessageContents")
    refused(codes, target.client("sqs").send_message, QueueUrl=url, MessageBody="")


@check("sqs", "a queue that does not exist is named as such")
def missing_queue(target: Target) -> None:
    codes = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
    refused(codes, target.client("sqs").get_queue_url, QueueName=target.name)


@check("sns", "a subscription with a filter gets only what it asks for")
def filter_policy(target: Target) -> None:
    url, queue = _open_queue(target)
    sns = target.client("sns")
    topic = sns.create_topic(Name=target.name)["TopicArn"]
    target.later(sns.delete_topic, TopicArn=topic)
    attributes = {"RawMessageDelivery": "true", "FilterPolicy": json.dumps({"kind": ["wanted"]})}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes=attributes)
    for kind in ("other", "wanted"):
        value = {"kind": {"DataType": "String", "StringValue": kind}}
        sns.publish(TopicArn=topic, Message=kind, MessageAttributes=value)
    equal(_arrived(target, url), ["wanted"])


@check("events", "a rule passes the events of its pattern, with prefix and anything-but, and no others")
def pattern(target: Target) -> None:
    url, queue = _open_queue(target)
    events = target.client("events")
    wanted = {"source": [target.name], "detail": {"key": [{"prefix": "in/"}], "kind": [{"anything-but": ["test"]}]}}
    events.put_rule(Name=target.name, EventPattern=json.dumps(wanted))
    target.later(events.delete_rule, Name=target.name)
    events.put_targets(Rule=target.name, Targets=[{"Id": "q", "Arn": queue}])
    target.later(events.remove_targets, Rule=target.name, Ids=["q"])
    for key, kind in (("out/1", "x"), ("in/1", "test"), ("in/2", "x")):
        detail = json.dumps({"key": key, "kind": kind})
        events.put_events(Entries=[{"Source": target.name, "DetailType": "t", "Detail": detail}])
    equal([json.loads(body)["detail"]["key"] for body in _arrived(target, url)], ["in/2"])


@check("events", "an entry that is not JSON fails alone, and the call succeeds")
def malformed_entry(target: Target) -> None:
    good = {"Source": target.name, "DetailType": "t", "Detail": "{}"}
    answer = target.client("events").put_events(Entries=[{**good, "Detail": "no JSON"}, good])
    equal((answer["FailedEntryCount"], answer["Entries"][0].get("ErrorCode")), (1, "MalformedDetail"))
