"""Runs as the ledger and their reports have them, read with the rights of a role."""

from collections.abc import Sequence
from typing import Final

from botocore.exceptions import ClientError

from cartlake import contracts
from cartlake.aws.clients import error_code
from cartlake.aws.objects import S3Uri
from cartlake.aws.s3 import MISSING
from cartlake.ledger import RunRecord
from cartlake.runs.documents import RuleCount, TransformReport
from cartlake.runs.folder import Step
from cartlake.runs.ids import RESERVED_NAMES
from lambdas.api_handler.adapters import RoleClients
from lambdas.api_handler.domain import page_of
from lambdas.api_handler.settings import settings

SUBJECTS: Final = (*sorted(contracts.names()), *sorted(RESERVED_NAMES))


def runs(
    role: RoleClients, subject: str | None, limit: int, after: tuple[str, str] | None
) -> tuple[list[RunRecord], str | None]:
    """Return runs of a subject, of all without one, newest first, and the cursor of the next page."""
    chosen = SUBJECTS if subject is None else (subject,)
    until = after[0] if after else None
    # One more of each: the run of the cursor itself may be among them. And one more, to know whether there are more.
    return page_of((run for one in chosen for run in role.ledger.runs.list(one, limit + 2, until)), limit, after)


def run(role: RoleClients, run_id: str) -> RunRecord | None:
    """Return one run, None if it is not recorded."""
    return role.ledger.runs.get(run_id)


def rules_of(role: RoleClients, run_id: str) -> Sequence[RuleCount]:
    """Return how many rows broke each rule in a run; none where it left no report, as before its transform ended."""
    uri = S3Uri.parse(settings().folder(run_id).report(Step.TRANSFORM))
    try:
        content = role.client("s3").get_object(Bucket=uri.bucket, Key=uri.key)["Body"].read()
    except ClientError as error:
        if error_code(error) in MISSING:
            return ()
        raise
    return TransformReport.model_validate_json(content).row_rules
