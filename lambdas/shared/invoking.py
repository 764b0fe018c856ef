"""Calls of other functions of the lake that wait for the answer."""

from typing import Any

from cartlake.aws import functions
from cartlake.aws.clients import aws_errors, patient_client
from cartlake.aws.functions import FunctionError

__all__ = ["FunctionError", "invoke"]


def invoke(function: str, request: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of a function, given by name or ARN. Raises FunctionError with the error it raised."""
    with aws_errors():
        return functions.invoke(patient_client("lambda"), function, request)
