"""Calls of Lambda functions that wait for the answer."""

import json
from typing import Any

from cartlake.errors import TerminalError


class FunctionError(TerminalError):
    """A function raised an error; `message` is what it said."""

    def __init__(self, function: str, answer: dict[str, Any]) -> None:
        self.message = answer.get("errorMessage", answer)
        super().__init__(f"{function} failed: {answer.get('errorType')}: {self.message}")


def invoke(client: Any, function: str, request: dict[str, Any], **options: str) -> dict[str, Any]:
    """Return the answer of a function, given by name or ARN, through a boto3 client of Lambda.

    `options` are further members of the call. Raises FunctionError with the error that the function raised.
    """
    response = client.invoke(FunctionName=function, Payload=json.dumps(request).encode(), **options)
    answer: dict[str, Any] = json.loads(response["Payload"].read())
    # Lambda answers 200 also when the function raised; this member is the only sign of it.
    if "FunctionError" in response:
        raise FunctionError(function, answer)
    return answer
