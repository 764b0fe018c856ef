"""EMR Serverless: an application, or a job run of it; a job run also passes its role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from localaws.iam_calls.model import Needed

if TYPE_CHECKING:
    from localaws.iam_calls.model import Call, Lookups

WITHOUT_RESOURCE: Final = frozenset({"CreateApplication", "ListApplications"})
PRINCIPAL: Final = "emr-serverless.amazonaws.com"


def needed(call: Call, _lookups: Lookups) -> list[Needed]:
    """Return what a call to EMR Serverless needs (AWS's Service Authorization Reference)."""
    rights = [Needed(f"emr-serverless:{call.operation}", _resource(call))]
    if call.operation == "StartJobRun":
        rights.append(Needed("iam:PassRole", call.text("executionRoleArn"), {"iam:passedtoservice": PRINCIPAL}))
    return rights


def _resource(call: Call) -> str:
    if call.operation in WITHOUT_RESOURCE:
        return "*"
    if call.text("resourceArn"):
        return call.text("resourceArn")
    run = f"/jobruns/{call.text('jobRunId')}" if call.text("jobRunId") else ""
    return call.arn(f"/applications/{call.text('applicationId')}{run}")
