"""The last steps of a job: write its report, then send the result to the state machine that waits for it."""

import json
import logging
import sys
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from cartlake.aws import s3
from cartlake.aws.clients import aws_errors, client

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
