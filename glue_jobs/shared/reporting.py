"""The last steps of a job: write its report, then send the result, or why it failed, to the waiting state machine."""

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel

from cartlake.aws import s3
from cartlake.aws.clients import aws_errors, client
from cartlake.errors import TerminalError

MAX_CAUSE: Final = 32_000
"""Step Functions takes 32,768 characters."""

log = logging.getLogger(__name__)


def log_to_stdout() -> None:
    """Log to stdout, which Glue writes to CloudWatch."""
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(levelname)s %(name)s %(message)s")


def report_success(report: BaseModel, report_uri: str, task_token: str | None, output: Mapping[str, Any]) -> None:
    """Write the report, then send `output` and the report's URI to the waiting task, if one waits.

    In this order, so that the report exists when the next step looks for it.
    """
    s3.write_text(report_uri, report.model_dump_json(indent=2))
    log.info("report written to %s", report_uri)
    if task_token:
        answer = json.dumps({"report_uri": report_uri, **output})
        with aws_errors():
            client("stepfunctions").send_task_success(taskToken=task_token, output=answer)


@contextmanager
def faults_reported(task_token: str | None) -> Iterator[None]:
    """Report a TerminalError to the waiting task by its class and text, then let it end the job.

    Glue's own message comes later and is cut, and does not tell a fault of the data from one of Glue. Other errors are
    left to it.
    """
    try:
        yield
    except TerminalError as error:
        if task_token:
            _report_failure(task_token, error)
        raise


def _report_failure(task_token: str, error: TerminalError) -> None:
    try:
        client("stepfunctions").send_task_failure(
            taskToken=task_token, error=type(error).__name__, cause=str(error)[:MAX_CAUSE]
        )
    except (BotoCoreError, ClientError):
        # The job fails all the same: the function job_events then reports what Glue says of it.
        log.exception("the state machine could not be told that the job failed")
