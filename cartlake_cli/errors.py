"""Exit codes and errors of the command line. docs/cli.md lists the codes; a test compares both."""

from enum import IntEnum

from cartlake.errors import CartlakeError


class Exit(IntEnum):
    """What a non-zero exit code of `lake` means."""

    OK = 0
    FAILED = 1
    """The command ran and found a failure: a run failed, counts do not add up, a check did not pass."""

    USAGE = 2
    """The arguments or options are wrong. Typer uses this code itself."""

    NOT_READY = 3
    """Something the command needs is missing: a tool, the embedded AWS, a deployment."""

    NOT_FOUND = 4
    """The dataset, file, run or query that was named does not exist."""

    AWS = 5
    """AWS refused the call or did not answer."""


class CommandError(CartlakeError):
    """Ends a command with its message and `code`."""

    code = Exit.FAILED


class NotReadyError(CommandError):
    """Ends a command because it needs something that is missing; the message says how to get it."""

    code = Exit.NOT_READY


class NotFoundError(CommandError):
    """Ends a command because the thing it names does not exist; the message lists what there is."""

    code = Exit.NOT_FOUND
