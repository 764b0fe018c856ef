"""CloudWatch, its logs, and tags of resources."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from localaws.conformance.checks import check, equal, refused

if TYPE_CHECKING:
    from localaws.conformance.target import Target

INVALID = ("ValidationError", "InvalidParameterValue", "InvalidParameterCombination")


def _alarm(target: Target, **settings: Any) -> dict[str, Any]:
    return {"AlarmName": target.name, "Namespace": "conformance", "MetricName": "m", "Statistic": "Sum",
            "ComparisonOperator": "GreaterThanThreshold", "Threshold": 1.0, "Period": 60, "EvaluationPeriods": 1,
            **settings}  # fmt: skip


@check("cloudwatch", "an alarm's period is 10, 20, 30 or a multiple of 60 seconds")
def period(target: Target) -> None:
    refused(INVALID, target.client("cloudwatch").put_metric_alarm, **_alarm(target, Period=45))


@check("cloudwatch", "an alarm looks at most seven days back, and one day for periods below an hour")
def span(target: Target) -> None:
    put = target.client("cloudwatch").put_metric_alarm
    refused(INVALID, put, **_alarm(target, Period=60, EvaluationPeriods=1_441))
    refused(INVALID, put, **_alarm(target, Period=86_400, EvaluationPeriods=8))


@check("cloudwatch", "an alarm does not need more data points than it looks at")
def datapoints(target: Target) -> None:
    request = _alarm(target, EvaluationPeriods=2, DatapointsToAlarm=3)
    refused(INVALID, target.client("cloudwatch").put_metric_alarm, **request)


@check("cloudwatch", "a metric has at most 30 dimensions")
def dimensions(target: Target) -> None:
    many = [{"Name": f"d{number}", "Value": "v"} for number in range(31)]
    request = {"Namespace": "conformance", "MetricData": [{"MetricName": "m", "Value": 1.0, "Dimensions": many}]}
    refused(INVALID, target.client("cloudwatch").put_metric_data, **request)


def _group(target: Target) -> Any:
    logs = target.client("logs")
    logs.create_log_group(logGroupName=target.name)
    target.later(logs.delete_log_group, logGroupName=target.name)
    return logs


@check("logs", "logs are kept for one of the numbers of days that there are")
def retention(target: Target) -> None:
    request = {"logGroupName": target.name, "retentionInDays": 10}
    refused("InvalidParameterException", _group(target).put_retention_policy, **request)


@check("logs", "events of a call are in order")
def order(target: Target) -> None:
    logs, now = _group(target), int(time.time() * 1000)
    logs.create_log_stream(logGroupName=target.name, logStreamName="s")
    events = [{"timestamp": now, "message": "b"}, {"timestamp": now - 1000, "message": "a"}]
    request = {"logGroupName": target.name, "logStreamName": "s", "logEvents": events}
    refused("InvalidParameterException", logs.put_log_events, **request)


@check("logs", "events have ids, streams are found by the beginning of their names, and pages follow each other")
def pages(target: Target) -> None:
    logs, now = _group(target), int(time.time() * 1000)
    for stream in ("wanted-1", "wanted-2", "other"):
        logs.create_log_stream(logGroupName=target.name, logStreamName=stream)
        events = [{"timestamp": now + number, "message": f"{stream} {number}"} for number in range(3)]
        logs.put_log_events(logGroupName=target.name, logStreamName=stream, logEvents=events)
    request = {"logGroupName": target.name, "logStreamNamePrefix": "wanted-"}
    target.eventually(lambda: len(logs.filter_log_events(**request)["events"]), lambda found: found == 6)  # noqa: PLR2004
    pages_of = logs.get_paginator("filter_log_events").paginate(**request, PaginationConfig={"PageSize": 4})
    found = [event for answer in pages_of for event in answer["events"]]
    equal(len({event["eventId"] for event in found}), 6)
    equal({event["message"].split("-")[0] for event in found}, {"wanted"})


MANY = {f"k{number}": "v" for number in range(51)}
RESERVED = {"aws:owner": "me"}


def _list(tags: dict[str, str], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    return [{key: name, value: text} for name, text in tags.items()]


@check("sqs", "a queue has at most 50 tags, and none of AWS's own")
def queue_tags(target: Target) -> None:
    sqs = target.client("sqs")
    url = sqs.create_queue(QueueName=target.name)["QueueUrl"]
    target.later(sqs.delete_queue, QueueUrl=url)
    for tags in (MANY, RESERVED):
        refused("InvalidParameterValue", sqs.tag_queue, QueueUrl=url, Tags=tags)


@check("sns", "a topic has at most 50 tags, and none of AWS's own")
def topic_tags(target: Target) -> None:
    for tags in (MANY, RESERVED):
        request = {"Name": target.name, "Tags": _list(tags)}
        refused(("InvalidParameter", "TagLimitExceeded", "TagPolicy"), target.client("sns").create_topic, **request)


@check("s3", "a bucket has at most 50 tags, and none of AWS's own")
def bucket_tags(target: Target) -> None:
    s3, bucket = target.client("s3"), target.bucket()
    for tags in (MANY, RESERVED):
        codes = ("InvalidTag", "BadRequest", "InvalidTagError")
        refused(codes, s3.put_bucket_tagging, Bucket=bucket, Tagging={"TagSet": _list(tags)})


@check("iam", "a role has at most 50 tags, and none of AWS's own")
def role_tags(target: Target) -> None:
    document = '{"Version": "2012-10-17", "Statement": []}'
    for tags in (MANY, RESERVED):
        request = {"RoleName": target.name, "AssumeRolePolicyDocument": document, "Tags": _list(tags)}
        refused(("ValidationError", "InvalidInput", "LimitExceeded"), target.client("iam").create_role, **request)


@check("stepfunctions", "a state machine has at most 50 tags, and none of AWS's own")
def machine_tags(target: Target) -> None:
    definition = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}'
    for tags in (MANY, RESERVED):
        request = {"name": target.name, "definition": definition, "roleArn": target.role,
                   "tags": _list(tags, "key", "value")}  # fmt: skip
        client = target.client("stepfunctions")
        refused(("TooManyTags", "ValidationException"), client.create_state_machine, **request)
