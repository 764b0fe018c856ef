"""Exit codes of the command line. docs/cli.md explains them to users; a test keeps both equal."""

from enum import IntEnum

from cartlake.errors import CartlakeError


class Exit(IntEnum):
    """What a non-zero exit code of `lake` means."""

    OK = 0
    FAILED = 1
    """The command worked, its answer is bad: a run failed, counts do not add up, a check found something."""

    USAGE = 2
    """The words of the command are off (given by typer itself)."""

    NOT_READY = 3
    """Something the command needs is missing: a tool, the embedded AWS, a deployment."""

    NOT_FOUND = 4
    """The dataset, file, run or query that was named does not exist."""

    AWS = 5
    """AWS refused or did not answer."""


class CommandError(CartlakeError):
    """Ends a command with its message and `code`."""

    code = Exit.FAILED


class NotReadyError(CommandError):
    code = Exit.NOT_READY


class NotFoundError(CommandError):
    code = Exit.NOT_FOUND
