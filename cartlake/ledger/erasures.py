"""Erasures of people in the ledger: how far each is, and files that were written anew without a person's rows."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from boto3.dynamodb.conditions import Attr
from pydantic import Field

from cartlake.errors import TransientError
from cartlake.ledger.items.keys import (
    content_of,
    duplicate_key,
    erasure_key,
    file_key,
    pending_key,
    state_index,
)
from cartlake.ledger.items.table import (
    ABSENT,
    ATTEMPTS,
    PRESENT,
    Action,
    ConflictError,
    Item,
    Key,
    Table,
    delete,
    put,
    update,
)
from cartlake.ledger.models import FileRecord, FileState, ObjectVersion, Record, UnknownFileError
from cartlake.times import stamp, utc_now

if TYPE_CHECKING:
    import re

    from cartlake.ledger.files import FileLedger


REWRITTEN: Final = "rewritten"
"""The reason of a version that is another file without the rows of a person."""
OF_VERSION: Final = ("version_id", "etag", "size", "sha256", "expanded_size", "row_estimate", "written_at")
"""What is known of a file by the version of its object."""


class Erasure(Record):
    """One erasure. `erasure_id` is a keyed hash of the id it was asked for by; nothing here names the person.

    `steps` were done; `counts` are what was found at each place before it was changed; `locks` holds the datasets.
    """

    erasure_id: str
    run_id: str
    started_at: str
    ended_at: str | None = None
    steps: list[str] = Field(default_factory=list)
    counts: dict[str, dict[str, int]] = Field(default_factory=dict)
    report_uri: str | None = None

    @property
    def is_open(self) -> bool:
        """Return whether it was begun and is not done."""
        return self.ended_at is None


class ErasureLedger:
    """The erasures of all people, and what they change about files."""

    def __init__(self, table: Table, files: FileLedger) -> None:
        self._table = table
        self._files = files

    def get(self, erasure_id: str) -> Erasure | None:
        """Return an erasure; strongly consistent. None if it was never begun."""
        item = self._table.get(erasure_key(erasure_id))
        return None if item is None else Erasure.model_validate(item)

    def all(self) -> list[Erasure]:
        """Return all erasures, open and done, by their ids."""
        return [Erasure.model_validate(item) for item in self._table.query("ERASURES")]

    def save(self, erasure: Erasure) -> None:
        """Record an erasure as it is now."""
        self._table.write(put(erasure_key(erasure.erasure_id), erasure.model_dump(mode="json")))

    def replace_object(self, old: FileRecord, new: FileRecord, landed: ObjectVersion) -> None:
        """Record that a file now is another version of its object: `new` is `old` with what is known of that version.

        The file keeps its id, state and history, and both contents are known to be its own, so neither is loaded again.
        The version gets a record as its duplicate, in the place of whatever its event made. Call it while no run works
        on the dataset. May be repeated. Raises TransientError when other calls kept changing the file.
        """
        for _ in range(ATTEMPTS):
            self._know_content(old, new, landed)
            found = self._found(landed.file_id)
            with suppress(ConflictError):
                self._table.write(*_replacing(old, new, landed, found))
                return
        raise TransientError(f"Other calls changed file {old.file_id} during all {ATTEMPTS} tries; try again.")

    def forget_file(self, file: FileRecord) -> None:
        """Remove the record of a file that was rejected and whose object was deleted."""
        self._table.write(delete(file_key(file.file_id)))

    def notes_with(self, mention: re.Pattern[bytes]) -> int:
        """Return how many items have an attribute of text that matches: reasons and causes of files and runs.

        Reads the whole table.
        """
        return sum(1 for item in self._table.scan() if _matching(item, mention))

    def redact(self, mention: re.Pattern[bytes]) -> int:
        """Replace what matches in reasons and causes by `erased`; returns how many items were changed."""
        changed = 0
        for item in self._table.scan():
            if found := _matching(item, mention):
                redacted = {name: mention.sub(b"erased", item[name].encode()).decode() for name in found}
                changed += self._table.try_write(update(Key(item["pk"], item["sk"]), redacted, when=PRESENT))
        return changed

    def _found(self, file_id: str) -> FileRecord | None:
        try:
            return self._files.get(file_id)
        except UnknownFileError:
            return None

    def _know_content(self, old: FileRecord, new: FileRecord, landed: ObjectVersion) -> None:
        """Record the new content as that of the file, with the duplicates of the old one."""
        if not (old.sha256 and old.contract_version and new.sha256) or old.state is FileState.DUPLICATE:
            return
        before, after = content_of(old), content_of(new)
        owned = Attr("file_id").not_exists() | Attr("file_id").is_in([old.file_id, landed.file_id])
        self._table.try_write(update(after, {"file_id": old.file_id}, when=owned))
        self._table.write(delete(duplicate_key(after, landed.file_id)))
        for item in self._table.query(before.pk, "DUPLICATE#") if before != after else ():
            self._table.write(put(duplicate_key(after, item["file_id"]), {"file_id": item["file_id"]}))


_NOTES: Final = ("detail", "error", "cause")
"""Attributes that hold texts for people; all others are names, times and counts."""


def _matching(item: Item, mention: re.Pattern[bytes]) -> list[str]:
    return [name for name in _NOTES if mention.search(str(item.get(name) or "").encode())]


def _replacing(old: FileRecord, new: FileRecord, landed: ObjectVersion, found: FileRecord | None) -> list[Action]:
    now = stamp(utc_now())
    version = FileRecord(
        **landed.model_dump(),
        file_id=landed.file_id,
        dataset=old.dataset,
        state=FileState.DUPLICATE,
        reason=REWRITTEN,
        detail=f"This version is file {old.file_id} without the rows of a person who was erased.",
        sha256=new.sha256,
        contract_version=new.contract_version,
        received_at=now,
        updated_at=now,
        duplicate_of=old.duplicate_of or old.file_id,
        version_of=old.file_id,
    )
    index = {"gsi1pk": state_index(version.dataset, version.state), "gsi1sk": version.reception}
    unchanged = ABSENT if found is None else Attr("updated_at").eq(found.updated_at)
    changed = new.model_dump(mode="json", include=set(OF_VERSION)) | {"updated_at": now}
    return [
        update(file_key(old.file_id), changed, when=Attr("state").eq(str(old.state))),
        put(file_key(version.file_id), version.model_dump(mode="json") | index, when=unchanged),
        *([delete(pending_key(found))] if found is not None else []),  # its event came first: it must not be loaded
    ]
