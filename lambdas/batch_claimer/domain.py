"""Which files does a run take, and what does it read? Pure rules over ledger records and what lies in the bucket."""

from dataclasses import dataclass
from typing import Final

from cartlake.errors import TerminalError
from cartlake.ledger import FileRecord
from cartlake.runs import ManifestFile

MAX_FILES: Final = 1_000
"""Files in one run; what is left waits for the next, which starts as soon as this one is done."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What lies under a key at this moment."""

    version_id: str | None
    etag: str


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why a validated file cannot be loaded any more."""

    reason: str
    detail: str


def still_there(file: FileRecord, stored: Stored | None) -> Unfit | None:
    """Check that a run would read the very bytes that were validated; None if it would."""
    if stored is None:
        return Unfit("object_missing", f"{file.uri} was deleted after it was validated. Drop it again to load it.")
    same_version = not (file.version_id and stored.version_id) or file.version_id == stored.version_id
    if same_version and file.etag == stored.etag:
        return None
    return Unfit(
        "superseded",
        f"{file.uri} was overwritten after it was validated. The newer version has a record of its own;"
        " give every file a name of its own to load both.",
    )


def manifest_entry(file: FileRecord) -> ManifestFile:
    """What a run needs to know of a file. Raises TerminalError for a record no validator can have written."""
    if file.format is None or file.sha256 is None:
        raise TerminalError(f"File {file.file_id} was claimed, but the ledger does not say what it contains.")
    return ManifestFile(
        file_id=file.file_id,
        uri=file.uri,
        version_id=file.version_id,
        etag=file.etag,
        size=file.size,
        sha256=file.sha256,
        format=file.format,
    )
