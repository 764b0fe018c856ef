"""Whether the rows of a run are in its table, although the run did not come to its last step."""

from cartlake.aws import s3
from cartlake.runs.documents import TransformReport
from cartlake.runs.folder import Step
from lambdas.run_recorder.settings import settings
from lambdas.shared.invoking import invoke


def published_report(run_id: str) -> TransformReport | None:
    """Return the report of a load whose rows readers see; None if it wrote none, or none were published.

    Raises FunctionError when the publisher cannot read the table.
    """
    report = s3.find_model(settings().folder(run_id).report(Step.TRANSFORM), TransformReport)
    if report is None or report.snapshot_id is None:
        return None
    table = f"{settings().database_prefix}{report.table}"
    request = {"action": "find", "table": table, "snapshot_id": report.snapshot_id}
    return report if invoke(settings().table_publisher_function, request)["is_published"] else None
