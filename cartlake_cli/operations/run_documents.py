"""The documents of a run in the artifacts bucket: its plan and its reports."""

import json
from typing import Any, TypeVar

from pydantic import BaseModel

from cartlake.aws.s3 import ObjectMissingError, read_bytes, read_model
from cartlake.runs.folder import RunFolder
from cartlake_cli.context import Lake

Model = TypeVar("Model", bound=BaseModel)


def run_document(lake: Lake, run_id: str, name: str) -> bytes:
    """Return the JSON that the run wrote under this name. Raises ObjectMissingError if it wrote none."""
    return read_bytes(_uri(lake, run_id, name))


def run_document_if_any(lake: Lake, run_id: str, name: str) -> dict[str, Any]:
    """Return the JSON object that the run wrote under this name, parsed; {} if there is none."""
    try:
        found: dict[str, Any] = json.loads(run_document(lake, run_id, name))
    except ObjectMissingError:
        return {}
    return found


def run_report(lake: Lake, run_id: str, name: str, model: type[Model]) -> Model:
    """Return a document of the run as its model. Raises DocumentError if it is missing or not a valid `model`."""
    return read_model(_uri(lake, run_id, name), model)


def error_message(cause: str | None) -> str | None:
    """Return the cause of a failed run: the message of a Lambda's error without its stack, anything else as it is."""
    try:
        error = json.loads(cause or "")
    except ValueError:
        return cause
    return str(error["errorMessage"]) if isinstance(error, dict) and "errorMessage" in error else cause


def _uri(lake: Lake, run_id: str, name: str) -> str:
    lake.connect()
    return RunFolder(lake.outputs.buckets["artifacts"], run_id).document(name)
