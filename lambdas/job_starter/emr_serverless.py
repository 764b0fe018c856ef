"""A job run on EMR Serverless: the request that starts it, from the template that Terraform wrote for its job.

Glue keeps the definition of a job, EMR Serverless none: the template is a StartJobRun request without what a run adds.
"""

import hashlib
import re
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from cartlake.runs.folder import RunFolder
from lambdas.job_starter.domain import JobRequest, job_arguments

_URI: Final = re.compile(r"s3://[^\s,#]+")
_CODE_FOLDERS: Final = ("libs/", "glue_jobs/")
"""Where Terraform puts code in the artifacts bucket."""

_MOST_NAME: Final = 256
"""Characters in the name of a job run."""


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class SparkSubmit(_Open):
    """What is submitted to Spark: the script, its arguments, and options such as `--conf a=b --py-files s3://...`."""

    entryPoint: str  # noqa: N815 - names of AWS
    entryPointArguments: list[str]  # noqa: N815
    sparkSubmitParameters: str  # noqa: N815


class JobDriver(_Open):
    """The kind of a job run: Spark."""

    sparkSubmit: SparkSubmit  # noqa: N815


class JobTemplate(_Open):
    """A StartJobRun request of EMR Serverless without name, client token and the arguments of a run."""

    jobDriver: JobDriver  # noqa: N815


def template_uri(artifacts_bucket: str, job_name: str) -> str:
    """Return where the template of a job lies."""
    return f"s3://{artifacts_bucket}/emr_jobs/{job_name}.json"


def code_copies(template: JobTemplate, folder: RunFolder) -> dict[str, str]:
    """Return where each file of a job's code is copied to for one run, by its URI.

    A deployment deletes the files it replaces, and a run may wait in a queue for hours before it reads them.
    """
    submit = template.jobDriver.sparkSubmit
    uris = [submit.entryPoint, *_URI.findall(submit.sparkSubmitParameters)]
    beginnings = tuple(f"s3://{folder.bucket}/{code}" for code in _CODE_FOLDERS)
    return {uri: folder.code(uri.rpartition("/")[2]) for uri in uris if uri.startswith(beginnings)}


def start_request(work: JobRequest, template: JobTemplate, folder: RunFolder, copies: dict[str, str]) -> dict[str, Any]:
    """Return the StartJobRun request of one step of a run, which uses the copies of the code."""
    submit = template.jobDriver.sparkSubmit
    words = [word for argument in job_arguments(work, folder).items() for word in argument]
    own = submit.model_copy(
        update={
            "entryPoint": copies.get(submit.entryPoint, submit.entryPoint),
            "entryPointArguments": [*submit.entryPointArguments, *words],
            "sparkSubmitParameters": _URI.sub(lambda uri: copies.get(uri[0], uri[0]), submit.sparkSubmitParameters),
        }
    )
    return {
        **template.model_dump(),
        "jobDriver": {"sparkSubmit": own.model_dump()},
        "name": run_name(work),
        "clientToken": _token(work),
    }


def run_name(work: JobRequest) -> str:
    """Return the name of a job run: that of its job, and the id of its run, by which it is found again."""
    return f"{work.job_name} {work.run_id}"[:_MOST_NAME]


def _token(work: JobRequest) -> str:
    """Return one token for each attempt of a step: EMR Serverless starts one job run for it, whoever asks again."""
    return hashlib.sha256(f"{work.run_id}\n{work.step}\n{work.task_token}".encode()).hexdigest()
