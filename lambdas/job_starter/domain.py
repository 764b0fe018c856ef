"""The arguments a Glue job is started with."""

from typing import Final

from pydantic import BaseModel

from cartlake.runs.folder import RunFolder, Step

_INPUTS: Final = {
    Step.TRANSFORM: "--manifest_uri",
    Step.SUPERSEDE_QUARANTINE: "--manifest_uri",
    Step.REFRESH: "--plan_uri",
    Step.MAINTENANCE: "--plan_uri",
}
_TASKS: Final = {Step.SUPERSEDE_QUARANTINE: {"--task": "supersede_quarantine"}}
"""Further arguments of a job that does more than one step."""


class JobRequest(BaseModel):
    """One step of one run, to be done by one job run that returns `task_token` when it is done.

    `input_uri` is the document that says what to do: the manifest of a batch, or the plan of a refresh or
    of maintenance.
    """

    job_name: str
    run_id: str
    subject: str
    input_uri: str
    step: Step
    task_token: str


def job_arguments(request: JobRequest, folder: RunFolder) -> dict[str, str]:
    """Return the arguments of a job run, whose documents lie in `folder`."""
    return {
        "--run_id": request.run_id,
        "--dataset": request.subject,
        _INPUTS[request.step]: request.input_uri,
        "--report_uri": folder.report(request.step),
        "--task_token": request.task_token,
        **_TASKS.get(request.step, {}),
    }
