"""Calls of the lake's Lambda functions, in the version that is in use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from cartlake_cli.errors import CommandError

if TYPE_CHECKING:
    from cartlake_cli.context import Lake

ALIAS: Final = "live"
"""The alias of every function, as Terraform's module `function` makes it."""


def call(lake: Lake, folder: str, request: dict[str, Any], *, failed: str, patient: bool = False) -> dict[str, Any]:
    """Return the answer of the function whose code is in `lambdas/<folder>/`. A patient call waits up to 15 minutes.

    Raises CommandError, which begins with `failed`, when the function raised an error.
    """
    functions = lake.patient_client("lambda") if patient else lake.client("lambda")
    response = functions.invoke(
        FunctionName=lake.outputs.functions[folder], Qualifier=ALIAS, Payload=json.dumps(request).encode()
    )
    answer: dict[str, Any] = json.loads(response["Payload"].read())
    # Lambda answers 200 also when the function raised; this member is the only sign of it.
    if "FunctionError" in response:
        cause = answer.get("errorMessage", answer)
        raise CommandError(f"{failed}: {cause}. `lake logs {folder}` shows what it logged.")
    return answer
