"""What is said of a table whose metadata cannot be read."""

from typing import Final

from cartlake.errors import TerminalError

METADATA_LOCATION: Final = "metadata_location"
"""Parameter of a Glue table: its current metadata file."""


class UnreadableTableError(TerminalError):
    """The metadata of a table cannot be read, so nobody can say how it is."""


class BrokenMetadataError(UnreadableTableError):
    """Glue names no metadata file of a table, or one that is missing or cut short. Its rows are where they were."""

    def __init__(self, table: str, file: str | None, fault: str) -> None:
        where = f"its metadata file {file}" if file else "its entry in Glue"
        super().__init__(f"{table} cannot be read: {where} {fault}. `lake tables repair {table}` shows the way back.")
        self.table, self.file, self.fault = table, file, fault
