"""The incoming queue, executions and the run coordinator, as the sweeper calls them."""

import json
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from cartlake.aws.clients import aws_errors, client, error_code
from cartlake.ledger import ObjectVersion
from cartlake.raw_zone import object_created
from lambdas.lake_sweeper.domain import Execution
from lambdas.lake_sweeper.settings import settings
from lambdas.shared.closing import release_request

_DEPTHS: Final = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
)


def queue_is_empty() -> bool:
    """Return whether no message about a new object waits or is being handled, as far as SQS counts them."""
    with aws_errors():
        answer = client("sqs").get_queue_attributes(
            QueueUrl=settings().incoming_queue_url, AttributeNames=list(_DEPTHS)
        )
    return not any(int(answer["Attributes"].get(name, 0)) for name in _DEPTHS)


def announce(version: ObjectVersion, now: datetime) -> None:
    """Send the event of an object version to the incoming queue, as EventBridge does."""
    body = json.dumps(object_created(version, now))
    with aws_errors():
        client("sqs").send_message(QueueUrl=settings().incoming_queue_url, MessageBody=body)


def execution(run_id: str) -> Execution:
    """Return the execution of a run. One that Step Functions does not know is not running."""
    try:
        with aws_errors():
            found = client("stepfunctions").describe_execution(executionArn=settings().execution_arn(run_id))
    except ClientError as error:
        if error_code(error) == "ExecutionDoesNotExist":
            return Execution(is_running=False)
        raise
    return Execution(is_running=found["status"] == "RUNNING", ended_at=found.get("stopDate"))


def start(subject: str) -> None:
    """Have the run coordinator start a run. Lambda itself retries."""
    _invoke(settings().run_coordinator_function, {"action": "start", "subject": subject})


def release(subject: str, run_id: str) -> None:
    """Have the run coordinator release a run's lock and start the next run. Lambda itself retries."""
    _invoke(settings().run_coordinator_function, release_request(subject, run_id))


def go_on(function: str, request: dict[str, Any]) -> None:
    """Invoke the sweeper itself for the rest of the listing, asynchronously."""
    _invoke(function, request)


def _invoke(function: str, request: dict[str, Any]) -> None:
    with aws_errors():
        client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(request).encode())
