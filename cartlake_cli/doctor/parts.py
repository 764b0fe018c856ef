"""Checks of a deployed lake: the parts that its Terraform outputs name are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cartlake.aws.clients import error_code
from cartlake_cli.doctor.findings import DENIED, Check, Finding, Status, ok
from cartlake_cli.doctor.names import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cartlake_cli.outputs import Outputs

GONE = MISSING | {
    "InvalidRequestException",
    "StateMachineDoesNotExist",
    "QueueDoesNotExist",
    "AWS.SimpleQueueService.NonExistentQueue",
}
"""Error codes for parts that do not exist."""


def checks(client: Callable[[str], Any], outputs: Outputs) -> Iterator[Check]:
    """Yield a check for each kind of part."""

    def part(name: str, action: str, named: Iterable[str], ask: Callable[[str], object]) -> Check:
        return Check(name, action, lambda: [check_parts(name, list(named), ask)])

    yield part("Buckets", "s3:ListBucket", outputs.buckets.values(), lambda name: client("s3").head_bucket(Bucket=name))
    yield part(
        "Databases", "glue:GetDatabase", outputs.databases.values(), lambda name: client("glue").get_database(Name=name)
    )
    yield part(
        "Ledger",
        "dynamodb:DescribeTable",
        [outputs.ledger_table],
        lambda name: client("dynamodb").describe_table(TableName=name),
    )
    yield part(
        "Functions",
        "lambda:GetFunctionConfiguration",
        outputs.functions.values(),
        lambda name: client("lambda").get_function_configuration(FunctionName=name),
    )
    yield part(
        "State machines",
        "states:DescribeStateMachine",
        outputs.state_machine_arns.values(),
        lambda arn: client("stepfunctions").describe_state_machine(stateMachineArn=arn),
    )
    yield part(*_jobs(client, outputs))
    yield part(
        "Queues",
        "sqs:GetQueueAttributes",
        [outputs.incoming_queue_url, outputs.incoming_dlq_url, outputs.events_dlq_url],
        lambda url: client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"]),
    )
    yield part(
        "Athena workgroup",
        "athena:GetWorkGroup",
        [outputs.workgroup],
        lambda name: client("athena").get_work_group(WorkGroup=name),
    )
    yield Check("Alarm recipients", "sns:ListSubscriptionsByTopic", lambda: [check_alerts(client("sns"), outputs)])


def _jobs(client: Callable[[str], Any], outputs: Outputs) -> tuple[str, str, list[str], Callable[[str], object]]:
    """Return the check of what runs Spark: the jobs on Glue, or the application of EMR Serverless."""
    if outputs.emr_application_id is None:
        names = list(outputs.glue_jobs.values())
        return "Glue jobs", "glue:GetJob", names, lambda name: client("glue").get_job(JobName=name)
    return (
        "EMR Serverless application",
        "emr-serverless:GetApplication",
        [outputs.emr_application_id],
        lambda one: client("emr-serverless").get_application(applicationId=one),
    )


def check_parts(name: str, named: list[str], ask: Callable[[str], object]) -> Finding:
    """FAIL for parts that do not exist. `ask` raises for one."""
    gone = []
    for one in named:
        try:
            ask(one)
        except ClientError as error:
            code = error_code(error)
            if code in DENIED or code not in GONE:
                raise
            gone.append(one)
    if gone:
        return Finding(name, Status.FAIL, f"missing: {', '.join(gone)}", "`terraform apply` makes them again.")
    return ok(name, f"{len(named)} of {len(named)} are there")


def check_alerts(sns: Any, outputs: Outputs) -> Finding:
    """WARN where nobody gets the alarms."""
    found = sns.list_subscriptions_by_topic(TopicArn=outputs.alerts_topic_arn)["Subscriptions"]
    confirmed = [one for one in found if one["SubscriptionArn"] != "PendingConfirmation"]
    if confirmed:
        return ok("Alarm recipients", f"{len(confirmed)} confirmed")
    waiting = f"{len(found)} wait for their confirmation" if found else "none"
    advice = "Confirm the mail that AWS has sent." if found else "Set `alert_emails` of the environment, and apply."
    return Finding("Alarm recipients", Status.WARN, waiting, advice)
