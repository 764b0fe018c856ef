"""Errors for tables whose metadata cannot be read."""

from typing import Final

from cartlake.errors import TerminalError

METADATA_LOCATION: Final = "metadata_location"
"""Parameter of a Glue table: the URI of its current metadata file."""


class UnreadableTableError(TerminalError):
    """The metadata of a table cannot be read, so its state is unknown."""


class BrokenMetadataError(UnreadableTableError):
    """Glue names no metadata file of a table, or one that is missing or truncated. The data files are not affected."""

    def __init__(self, table: str, file: str | None, fault: str) -> None:
        where = f"its metadata file {file}" if file else "its entry in Glue"
        super().__init__(f"{table} cannot be read: {where} {fault}. `lake tables repair {table}` shows the repair.")
        self.table, self.file, self.fault = table, file, fault
