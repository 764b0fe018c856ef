"""Starts and stops the embedded AWS of a checkout. Only this module passes settings to localaws and maps its errors.

Its state is stored in `.lake/` and its downloads in `.cache/` of the checkout; every other setting is the default of
localaws or a `LOCALAWS_…` variable.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from cartlake_cli.errors import CommandError
from localaws import server
from localaws.errors import LocalAwsError
from localaws.settings import Settings, load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localaws.server import Server


def settings_of(root: Path) -> Settings:
    """Return the settings of a checkout's embedded AWS. Raises CommandError for a variable with a wrong value."""
    with _command_errors():
        return load(home=root / ".lake", cache=root / ".cache")


def start(root: Path) -> Server:
    """Start the embedded AWS of a checkout; returns it, or the one that runs already.

    Raises CommandError when it does not come up, or its port is in use.
    """
    settings = settings_of(root)
    with _command_errors():
        return server.start(settings)


def stop(root: Path) -> bool:
    """Stop it once its state is saved; return False when none was running. Raises CommandError if it does not end."""
    settings = settings_of(root)
    with _command_errors():
        return server.stop(settings)


def status(root: Path) -> Server | None:
    """Return the running embedded AWS of a checkout, or None."""
    return server.status(settings_of(root))


def wipe(root: Path) -> None:
    """Delete all that the embedded AWS of a checkout stores. Raises CommandError while it runs."""
    settings = settings_of(root)
    with _command_errors():
        server.wipe(settings)


@contextmanager
def _command_errors() -> Iterator[None]:
    try:
        yield
    except LocalAwsError as error:
        raise CommandError(str(error)) from error
