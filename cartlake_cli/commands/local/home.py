"""The folder `.lake/` of a checkout: the version of Cartlake that made it, and locks of running commands."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from cartlake_cli.errors import NotReadyError
from localaws.locks import try_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FORMAT: Final = "0.3"
"""The version of Cartlake that changed the layout of `.lake/`, its ledger or its resources last."""

_FORMAT_FILE: Final = "format"
_DEPLOYED: Final = "terraform.tfstate"


def check_format(home: Path) -> None:
    """Write this version into a new folder. Raises NotReadyError for a folder with a deployment of another version.

    The message says how to start again.
    """
    mark = home / _FORMAT_FILE
    found = mark.read_text(encoding="utf-8").strip() if mark.exists() else None
    if found is None and (home / _DEPLOYED).exists():
        found = "0.1"
    if found not in (None, FORMAT):
        raise NotReadyError(
            f"{home} holds a lake of Cartlake {found}, which this version cannot read. `lake export` of that version"
            " saves tables; `lake down --wipe` removes the lake with all its data, then `lake up` makes a new one."
        )
    home.mkdir(parents=True, exist_ok=True)
    mark.write_text(f"{FORMAT}\n", encoding="utf-8")


@contextmanager
def only_one(home: Path, command: str) -> Iterator[None]:
    """Hold the lock of a command in a checkout. Raises NotReadyError when the command runs there already."""
    held = try_lock(home / f"{command}.lock")
    if held is None:
        raise NotReadyError(
            f"`lake {command}` runs in this checkout already. Wait for it, or use another checkout beside it."
        )
    with held:
        yield
