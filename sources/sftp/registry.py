"""The servers of a lake, and what is read of each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sources.errors import UnknownSourceError
from sources.sftp.fetching import Folder
from sources.sftp.judging import FileLimits
from sources.sftp.model import MB

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cartlake.contracts import Contract
    from sources.sftp.model import Server, ServerSettings


def settings_of(name: str, enabled: Mapping[str, ServerSettings]) -> ServerSettings:
    """Return the settings of a server. Raises UnknownSourceError where the lake reads none of this name."""
    if name not in enabled:
        raise UnknownSourceError(
            f"{name!r} is no SFTP server of this lake. It reads: {', '.join(sorted(enabled)) or 'none'}. Add it to the "
            f"setting `sftp` of the module lake: docs/sftp.md."
        )
    return enabled[name]


def folder_of(name: str, settings: ServerSettings, server: Server, contract_of: Callable[[str], Contract]) -> Folder:
    """Return what is read of a server. Raises the error of `contract_of` where there is no such dataset."""
    most = limits_of(name, settings, contract_of(settings.dataset).max_file_bytes)
    return Folder(name, settings.dataset, server, timedelta(seconds=settings.settle_seconds), most)


def limits_of(name: str, settings: ServerSettings, of_contract: int) -> FileLimits:
    """Return the smaller of the limits of the setting and of the contract, in bytes, and which it is."""
    own = FileLimits(settings.max_mb * MB, f"sftp.{name}.max_mb of the module lake")
    contract = FileLimits(of_contract, f"maxFileBytes of the contract {settings.dataset}")
    return min(own, contract, key=lambda one: one.bytes)
