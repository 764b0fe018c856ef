"""The calls that services make with the role of a function, a state machine, a job or a crawler, by AWS's documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

Duty = tuple[str, str, dict[str, Any]]
"""Botocore's name of the service, operation and members of a call."""

TRACES: Final[tuple[Duty, ...]] = (("xray", "PutTraceSegments", {}), ("xray", "PutTelemetryRecords", {}))
SAMPLING: Final[tuple[Duty, ...]] = (("xray", "GetSamplingRules", {}), ("xray", "GetSamplingTargets", {}))
LOG_DELIVERY: Final = (
    "CreateLogDelivery",
    "DeleteLogDelivery",
    "DescribeLogGroups",
    "DescribeResourcePolicies",
    "GetLogDelivery",
    "ListLogDeliveries",
    "PutResourcePolicy",
    "UpdateLogDelivery",
)
"""What Step Functions needs to log the executions of a standard state machine; each on all resources."""


def written(group: str, stream: str, *, creates_group: bool = False) -> list[Duty]:
    """Return the calls that write a log stream."""
    where = {"logGroupName": group, "logStreamName": stream}
    created: list[Duty] = [("logs", "CreateLogGroup", {"logGroupName": group})] if creates_group else []
    return [*created, ("logs", "CreateLogStream", where), ("logs", "PutLogEvents", where)]


def of_function(config: Mapping[str, Any], stream: str) -> list[Duty]:
    """Return what Lambda calls for a run of a function: its log, and its traces when it is traced."""
    group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config.get('FunctionName')}"
    traced = (config.get("TracingConfig") or {}).get("Mode") == "Active"
    return [*written(group, stream), *(TRACES if traced else ())]


def of_queue(queue_arn: str) -> list[Duty]:
    """Return what Lambda calls for a function whose events come from a queue."""
    operations = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
    return [("sqs", operation, {"QueueUrl": queue_arn.rpartition(":")[2]}) for operation in operations]


def of_failed_event(target_arn: str) -> list[Duty]:
    """Return what Lambda calls for an event that failed: its destination, or its dead-letter queue."""
    service, name = target_arn.split(":")[2], target_arn.rpartition(":")[2]
    if service == "sqs":
        return [("sqs", "SendMessage", {"QueueUrl": name})]
    if service == "sns":
        return [("sns", "Publish", {"TopicArn": target_arn})]
    return [("lambda", "Invoke", {"FunctionName": target_arn})] if service == "lambda" else []


def of_machine(machine: Mapping[str, Any]) -> list[Duty]:
    """Return what Step Functions calls for an execution: its log, its traces, its key."""
    logs = (machine.get("loggingConfiguration") or {}).get("level", "OFF") != "OFF"
    traced = (machine.get("tracingConfiguration") or {}).get("enabled")
    key = (machine.get("encryptionConfiguration") or {}).get("kmsKeyId")
    return [
        *((("logs", operation, {}) for operation in LOG_DELIVERY) if logs else ()),
        *((*TRACES, *SAMPLING) if traced else ()),
        *((("kms", operation, {"KeyId": key}) for operation in ("Decrypt", "GenerateDataKey")) if key else ()),
    ]


def of_job_run(job: Mapping[str, Any], run_id: str) -> list[Duty]:
    """Return what Glue calls for a run of a job: its logs, its metrics, its security configuration."""
    groups = ("/aws-glue/jobs/output", "/aws-glue/jobs/error")
    return [
        *(duty for group in groups for duty in written(group, run_id, creates_group=True)),
        *_secured(job.get("SecurityConfiguration"), groups),
        ("cloudwatch", "PutMetricData", {"Namespace": "Glue"}),
    ]


def of_crawl(crawler: Mapping[str, Any], bucket: str) -> list[Duty]:
    """Return what Glue calls for a crawl besides reading files and writing tables."""
    group = "/aws-glue/crawlers"
    return [
        ("s3", "GetBucketLocation", {"Bucket": bucket}),
        ("s3", "ListObjectsV2", {"Bucket": bucket}),
        ("glue", "GetDatabase", {"Name": crawler.get("DatabaseName")}),
        ("glue", "GetTables", {"DatabaseName": crawler.get("DatabaseName")}),
        ("glue", "GetCrawler", {"Name": crawler.get("Name")}),
        *written(group, str(crawler.get("Name")), creates_group=True),
        *_secured(crawler.get("CrawlerSecurityConfiguration"), (group,)),
    ]


def _secured(configuration: Any, groups: tuple[str, ...]) -> list[Duty]:
    """Return the calls of a security configuration: it is read, and its key is given to the log groups."""
    if not configuration:
        return []
    keyed: list[Duty] = [("logs", "AssociateKmsKey", {"logGroupName": group}) for group in groups]
    return [("glue", "GetSecurityConfiguration", {"Name": configuration}), *keyed]
