"""Calls of other functions of the lake that wait for the answer."""

import json
from typing import Any

from cartlake.aws.clients import aws_errors, patient_client
from cartlake.errors import TerminalError


class FunctionError(TerminalError):
    """Another function of the lake raised an error."""


def invoke(function: str, request: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of a function, given by name or ARN. Raises FunctionError with the error it raised."""
    with aws_errors():
        response = patient_client("lambda").invoke(FunctionName=function, Payload=json.dumps(request).encode())
    answer: dict[str, Any] = json.loads(response["Payload"].read())
    # Lambda answers 200 also when the function raised; this member is the only sign of it.
    if "FunctionError" in response:
        raise FunctionError(f"{function} failed: {answer.get('errorType')}: {answer.get('errorMessage', answer)}")
    return answer
