"""How far each SFTP server was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cartlake.ledger.items.keys import sftp_content_key, sftp_file_key, sftp_key
from cartlake.ledger.items.leases import LeaseLedger
from cartlake.ledger.items.table import ABSENT, MAX_TRANSACTION, delete, put
from cartlake.ledger.sftp.states import LandedContent, ListedFile, ServerState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cartlake.ledger.items.table import Action, Key


class SftpLedger(LeaseLedger[ServerState]):
    """The states of all servers, their files and their contents."""

    noun = "server"

    def _key(self, name: str) -> Key:
        return sftp_key(name)

    def _state(self, item: dict[str, object]) -> ServerState:
        return ServerState.model_validate(item)

    def _unread(self, name: str) -> ServerState:
        return ServerState(server=name)

    def files(self, server: str) -> dict[str, ListedFile]:
        """Return the files of a server as they were last listed, by their ids; strongly consistent."""
        found = self._table.query(sftp_file_key(server, "").pk, "FILE#")
        return {item["file_id"]: ListedFile.model_validate(item) for item in found}

    def note(self, server: str, files: Iterable[ListedFile], gone: Iterable[str] = ()) -> None:
        """Write how files look now, and forget those that are gone, by their ids."""
        self._write([_put(server, file) for file in files])
        self._write([delete(sftp_file_key(server, file_id)) for file_id in gone])

    def claim(self, server: str, dataset: str, content: LandedContent) -> LandedContent:
        """Claim a content for its object; returns the claim that counts, an earlier one where there is one."""
        key = sftp_content_key(server, dataset, content.sha256)
        if self._table.try_write(put(key, content.model_dump(mode="json"), when=ABSENT)):
            return content
        return LandedContent.model_validate(self._table.get(key))

    def landed(self, server: str, dataset: str, content: LandedContent, file: ListedFile) -> None:
        """Write that the object of a content exists, and that a file has this content; both or neither."""
        key = sftp_content_key(server, dataset, content.sha256)
        self._table.write(put(key, content.model_dump(mode="json")), _put(server, file))

    def _write(self, actions: list[Action]) -> None:
        for start in range(0, len(actions), MAX_TRANSACTION):
            self._table.write(*actions[start : start + MAX_TRANSACTION])


def _put(server: str, file: ListedFile) -> Action:
    return put(sftp_file_key(server, file.file_id), file.model_dump(mode="json"))
