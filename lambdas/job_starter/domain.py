"""What a Glue job is told when it starts."""

from typing import Literal

from pydantic import BaseModel


class JobRequest(BaseModel):
    """One step of one run, to be done by one job run that returns `task_token` when it is done."""

    job_name: str
    run_id: str
    dataset: str
    manifest_uri: str
    step: Literal["etl", "marts"]
    task_token: str


def job_arguments(request: JobRequest, folder: str) -> dict[str, str]:
    """Arguments of a job run. `folder` is the run's place among the artifacts, as an S3 URI without a last slash."""
    arguments = {
        "--run_id": request.run_id,
        "--dataset": request.dataset,
        "--manifest_uri": request.manifest_uri,
        "--report_uri": f"{folder}/{request.step}.json",
        "--task_token": request.task_token,
    }
    if request.step == "marts":
        arguments["--source_report_uri"] = f"{folder}/etl.json"
    return arguments
