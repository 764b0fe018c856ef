"""The arguments a job is started with."""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from cartlake.runs.folder import RunFolder, Step

_INPUTS: Final = {
    Step.TRANSFORM: "--manifest_uri",
    Step.SUPERSEDE_QUARANTINE: "--manifest_uri",
    Step.REFRESH: "--plan_uri",
    Step.MAINTENANCE: "--plan_uri",
    Step.FORECAST: "--plan_uri",
}
_TASKS: Final = {Step.SUPERSEDE_QUARANTINE: {"--task": "supersede_quarantine"}}
"""Further arguments of a job that does more than one step."""


CODE_ARGUMENTS: Final = ("--additional-python-modules", "--extra-py-files")
"""The arguments of a Glue job that hold S3 URIs of code, separated by commas."""


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


def own_code(defaults: Mapping[str, str], folder: RunFolder) -> dict[str, dict[str, str]]:
    """Return where each file of a job's code is copied to for one run, by argument, in the order of its value.

    A deployment deletes the files it replaces. Glue reads them when it starts a run, and again on each worker that it
    adds while the run grows.
    """
    return {
        name: {uri: folder.code(uri.rpartition("/")[2]) for uri in defaults[name].split(",")}
        for name in CODE_ARGUMENTS
        if defaults.get(name, "").startswith("s3://")
    }
