"""Files that a run found out it cannot load: the step that reads them names them, and the run is repeated without."""

from collections.abc import Sequence
from typing import Final

from cartlake.errors import TerminalError
from cartlake.runs.documents import Document, ManifestFile

MISSING: Final = "object_missing"
"""The reason of a file whose object was deleted."""

SUPERSEDED: Final = "superseded"
"""The reason of a file whose object was overwritten."""

UNREADABLE: Final = "unreadable"
"""The reason of a file that the engine cannot read, by itself as little as among others."""

TOO_MANY_DELETED: Final = "too_many_deleted"
"""The reason of a full copy that lacks more keys of its table than the contract allows."""

_NAMED: Final = 5


class BadFile(Document):
    """A file of a manifest that cannot be loaded: `reason` is a code, `detail` says why and what to do."""

    file_id: str
    uri: str
    reason: str
    detail: str

    @classmethod
    def of(cls, file: ManifestFile, reason: str, detail: str) -> "BadFile":
        """Return a file of a manifest with the reason."""
        return cls(file_id=file.file_id, uri=file.source_file, reason=reason, detail=detail)


class BadFiles(Document):
    """What a step leaves in the run's folder before it fails because of files."""

    run_id: str
    files: list[BadFile]


class BadFilesError(TerminalError):
    """A run cannot load some of its files, which are named. The others are not at fault."""

    def __init__(self, files: Sequence[BadFile]) -> None:
        named = "; ".join(f"{file.uri} (file {file.file_id}): {file.detail}" for file in files[:_NAMED])
        more = f"; and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
        number = "1 file" if len(files) == 1 else f"{len(files)} files"
        super().__init__(f"{number} cannot be loaded: {named}{more}")
        self.files = tuple(files)
