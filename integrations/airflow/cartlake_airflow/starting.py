"""Starts the lake: drops a file, whose event starts a run, or has the run coordinator start one. Each once.

Both try one name after another, and stop at the first that is not of a failure: so a task that is tried again begins
anew only if what it began before has failed.
"""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from cartlake_airflow.errors import BadTaskError, LakeError
from cartlake_airflow.ledger import MISSING, Ledger, file_under
from cartlake_airflow.questions import file_is_loaded, run_has_ended

if TYPE_CHECKING:
    from cartlake_airflow.lake import Lake
    from cartlake_airflow.naming import Task

ALIAS: Final = "live"
"""The alias of every function of the lake: the version in use."""

_THERE: Final = frozenset({"PreconditionFailed", "412"})
_BEING_WRITTEN: Final = frozenset({"ConditionalRequestConflict", "409"})


def drop(lake: Lake, task: Task, dataset: str, source: str, name: str | None = None) -> str:
    """Drop a copy of a file for a dataset, unless the task has dropped it before; returns the id of the file.

    `source` is `s3://bucket/key`, or a path on this machine. Raises LakeError if there is no such file.
    """
    name = name or source.rpartition("/")[2]
    for attempt in count(1):
        key = task.object_key(dataset, name, attempt)
        found = file_under(lake, key)
        if found is None:
            return _put(lake, source, key)
        if file_is_loaded(Ledger(lake), found).state != "failed":
            return found
    raise AssertionError  # there is always a next attempt


def _put(lake: Lake, source: str, key: str) -> str:
    """Write the object if there is none; returns the id of the file.

    Another try of the task may write it at the same moment. Whichever comes first counts.
    """
    s3, target = lake.client("s3"), {"Bucket": lake.raw_bucket, "Key": key, "IfNoneMatch": "*"}
    try:
        if source.startswith("s3://"):
            bucket, _, path = source.removeprefix("s3://").partition("/")
            # Tags and metadata are not copied: rights on tags would be needed, and the lake reads neither.
            plain = {"TaggingDirective": "REPLACE", "MetadataDirective": "REPLACE"}
            s3.copy_object(CopySource={"Bucket": bucket, "Key": path}, **plain, **target)
        else:
            with Path(source).open("rb") as body:
                s3.put_object(Body=body, **target)
    except FileNotFoundError as error:
        raise LakeError(f"There is no file {source} on the machine of this task.") from error
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in MISSING:
            raise LakeError(f"There is no object {source}, or no right to see it.") from error
        if code in _BEING_WRITTEN:
            raise LakeError(f"Another try of this task writes s3://{lake.raw_bucket}/{key} now. Try again.") from error
        if code not in _THERE:
            raise
    found = file_under(lake, key)
    if found is None:
        raise LakeError(f"s3://{lake.raw_bucket}/{key} was written, and is gone. Who deletes objects of the raw zone?")
    return found


def start_run(lake: Lake, task: Task, workflow: str) -> tuple[str, str | None]:
    """Start a run of a workflow, unless the task has started it before; returns its id.

    Also returns the run that has to end first, else None: nothing was started then, and the task is to ask again.
    """
    for attempt in count(1):
        run_id = task.run_of(workflow, attempt)
        if Ledger(lake).run(run_id) is None:
            answer = _coordinate(lake, {"action": "begin", "workflow": workflow, "run_id": run_id})
            return run_id, answer["run_id"] if answer["outcome"] == "busy" else None
        if run_has_ended(Ledger(lake), run_id).state != "failed":
            return run_id, None
    raise AssertionError  # there is always a next attempt


def _coordinate(lake: Lake, request: dict[str, str]) -> dict[str, Any]:
    """Return the answer of the run coordinator.

    Raises LakeError if it failed, BadTaskError if it takes no such request.
    """
    name = f"{lake.coordinator}:{ALIAS}"
    answer = lake.client("lambda").invoke(FunctionName=name, Payload=json.dumps(request).encode())
    said = json.loads(answer["Payload"].read())
    if "FunctionError" not in answer:
        return dict(said)
    message = f"The run coordinator {lake.coordinator} failed: {said.get('errorType')}: {said.get('errorMessage')}"
    if said.get("errorType") == "ValidationError":
        raise BadTaskError(f"{message}. Is the lake of an earlier version than this package?")
    raise LakeError(message)
