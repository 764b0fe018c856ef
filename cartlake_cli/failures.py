"""The message and the exit code of a command that ends with an error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.markup import escape

from cartlake.errors import CartlakeError
from cartlake_cli.errors import CommandError, Exit, NotReadyError

_AGENTS: Final = ("mcp", "mcp_types")
"""Packages that only `lake mcp` needs."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One message and the exit code of the command."""

    code: Exit
    message: str

    def print(self) -> None:
        """Print the message to standard error."""
        Console(stderr=True).print(f"[red]error:[/red] {escape(self.message)}", highlight=False)


def explained(error: BaseException) -> Failure | None:
    """Return the message and exit code for an error; None for an unexpected one, which is a bug."""
    match error:
        case CommandError():
            return Failure(error.code, str(error))
        case CartlakeError():
            return Failure(Exit.FAILED, str(error))
        case BotoCoreError() | ClientError():
            return _aws_failure(error)
        case ModuleNotFoundError():
            return _missing_package(str(error.name).partition(".")[0])
        case KeyboardInterrupt():
            return Failure(Exit.FAILED, "Stopped.")
        case _:
            return None


def _missing_package(package: str) -> Failure | None:
    if package == "cartlake_cli":
        return None
    return Failure(
        NotReadyError.code,
        f"This command needs the package {package}, which is not installed here:"
        f" `pip install 'cartlake[{'agents' if package in _AGENTS else 'laptop'}]'`, or `make setup` in a checkout.",
    )


def _aws_failure(error: BotoCoreError | ClientError) -> Failure:
    if type(error).__name__ == "EndpointConnectionError":
        return Failure(NotReadyError.code, f"{error} Is the embedded AWS running? `lake up` starts it.")
    if type(error).__name__ == "NoCredentialsError":
        return Failure(NotReadyError.code, f"{error}. Log in first, for example with `aws sso login`.")
    return Failure(Exit.AWS, f"AWS did not carry out the call: {error}")
