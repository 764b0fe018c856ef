"""What a Glue job is told when it starts."""

from typing import Final, Literal

from pydantic import BaseModel

_INPUTS: Final = {
    "etl": "--manifest_uri",
    "supersede_quarantine": "--manifest_uri",
    "refresh": "--plan_uri",
    "maintenance": "--plan_uri",
}
_TASKS: Final = {"supersede_quarantine": {"--task": "supersede_quarantine"}}
"""What a job is told that does more than one thing."""


class JobRequest(BaseModel):
    """One step of one run, to be done by one job run that returns `task_token` when it is done.

    `input_uri` is the document that says what to do: the manifest of a batch, or the plan of a refresh or
    of maintenance.
    """

    job_name: str
    run_id: str
    dataset: str
    input_uri: str
    step: Literal["etl", "supersede_quarantine", "refresh", "maintenance"]
    task_token: str


def job_arguments(request: JobRequest, folder: str) -> dict[str, str]:
    """Arguments of a job run. `folder` is the run's place among the artifacts, as an S3 URI without a last slash."""
    return {
        "--run_id": request.run_id,
        "--dataset": request.dataset,
        _INPUTS[request.step]: request.input_uri,
        "--report_uri": f"{folder}/{request.step}.json",
        "--task_token": request.task_token,
        **_TASKS.get(request.step, {}),
    }
