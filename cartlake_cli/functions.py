"""Calls of the lake's Lambda functions, in the version that is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cartlake.aws.functions import FunctionError, invoke
from cartlake_cli.errors import CommandError

if TYPE_CHECKING:
    from cartlake_cli.context import Lake

ALIAS: Final = "live"
"""The alias of every function, as Terraform's module `function` makes it."""


def call(lake: Lake, folder: str, request: dict[str, Any], *, failed: str, patient: bool = False) -> dict[str, Any]:
    """Return the answer of the function whose code is in `lambdas/<folder>/`. A patient call waits up to 15 minutes.

    Raises CommandError, which begins with `failed`, when the function raised an error.
    """
    client = lake.patient_client("lambda") if patient else lake.client("lambda")
    try:
        return invoke(client, lake.outputs.functions[folder], request, Qualifier=ALIAS)
    except FunctionError as error:
        raise CommandError(f"{failed}: {error.message}. `lake logs {folder}` shows what it logged.") from error
