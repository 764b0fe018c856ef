"""Raw files without a person's rows: every version of each, and the ledger knows the new ones as the old ones.

Versions of a key keep their order: from the first that is written anew, all later ones are, too. A new version says of
which file it is in its metadata, so an erasure that was interrupted goes on where it was.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from enum import Enum
from itertools import groupby
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import pyarrow as pa

from cartlake import contracts
from cartlake.aws.clients import client
from cartlake.aws.s3 import WRITTEN_AT
from cartlake.ledger import FileState, ObjectVersion
from cartlake.times import stamp, utc_now
from cartlake_cli.erasure.objects import content_of, delete_versions, versions_in
from cartlake_cli.erasure.raw_files.files import may_mention, mentions, rewrite
from cartlake_cli.erasure.raw_files.formats import file_as, kind_of
from cartlake_cli.erasure.raw_files.manifests import correct_manifests

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cartlake.ledger import FileRecord, Ledger
    from cartlake_cli.erasure.objects import Stored
    from cartlake_cli.erasure.raw_files.records import Columns, Removed
    from cartlake_cli.erasure.subject import Subject

REWRITTEN_FROM: Final = "cartlake-rewritten-from"
"""Metadata of a version without a person's rows: the id of the file that it takes the place of."""
INCOMING: Final = "incoming/"
_IN_MEMORY: Final = 8 * 1024**2


class Outcome(Enum):
    """What becomes of a version: it stays, another took its place, or nothing of it can stay."""

    KEPT = "kept"
    REPLACED = "replaced"
    USELESS = "useless"


@dataclass
class RawCounts:
    """What was found in raw files: versions with the person, rows of theirs, and files deleted as a whole."""

    files: int = 0
    rows: int = 0
    deleted: int = 0
    keys: set[str] = field(default_factory=set)

    def as_dict(self) -> dict[str, int]:
        """Return the counts."""
        return {"files": self.files, "rows": self.rows, "deleted_files": self.deleted}


@dataclass(frozen=True)
class RawZone:
    """The raw bucket. `columns` names what names a person in each dataset; others hold no rows of people."""

    bucket: str
    artifacts: str
    ledger: Ledger
    subject: Subject
    columns: Mapping[str, Columns]

    def count(self) -> RawCounts:
        """Return what would be removed. Reads every version of every file; changes nothing."""
        counts = RawCounts()
        for _, versions in self._keys():
            for stored in versions:
                self._count(stored, counts)
        return counts

    def _count(self, stored: Stored, counts: RawCounts) -> None:
        with content_of(stored) as found:
            if found is None or not may_mention(found[0], self.subject):
                return
            record = self._record(_version(stored).file_id)
            with tempfile.TemporaryFile() as target:
                made = self._without(stored, record, found[0], target)
            theirs = made is None and _explains_nothing(stored, record) and mentions(found[0], self.subject)
        if theirs:
            counts.files, counts.deleted = counts.files + 1, counts.deleted + 1
        elif made and made.removed:
            counts.files, counts.rows = counts.files + 1, counts.rows + made.removed
            counts.keys.add(stored.key)

    def erase(self) -> None:
        """Write every file anew that has the person's rows, and delete the old versions for good."""
        for _, versions in self._keys():
            self._erase_key(versions)

    def _keys(self) -> Iterator[tuple[str, Sequence[Stored]]]:
        """Yield the versions of each key, oldest first."""
        found = (one for one in versions_in(self.bucket, INCOMING) if not one.is_marker)
        for key, versions in groupby(found, lambda one: one.key):
            yield key, list(versions)[::-1]

    def _erase_key(self, versions: Sequence[Stored]) -> None:
        """Write versions anew from the first that must be, then delete those that were replaced.

        All stay until then, so that an erasure that goes on knows in which order they were.
        """
        successors = self._successors(versions)
        gone, begun = [], False
        for stored in versions:
            file_id = _version(stored).file_id
            if file_id in successors:
                begun = True
                self._record_again(file_id, successors[file_id])
                gone.append(stored)
            elif not any(stored is one for one in successors.values()):
                with content_of(stored) as found:
                    if found and (begun or may_mention(found[0], self.subject)):
                        replaced = self._replace(stored, *found, begun=begun)
                        begun = begun or replaced is Outcome.REPLACED
                        gone += [stored] if replaced is not Outcome.KEPT else []
        delete_versions(gone)

    def _successors(self, versions: Sequence[Stored]) -> Mapping[str, Stored]:
        """Return the versions that an interrupted erasure wrote, by the file that each takes the place of."""
        known, found = {_version(one).file_id for one in versions}, {}
        for stored in versions if len(versions) > 1 else ():
            said = client("s3").head_object(Bucket=self.bucket, Key=stored.key, VersionId=stored.version_id)
            origin = said.get("Metadata", {}).get(REWRITTEN_FROM)
            if origin in known:
                found[origin] = stored
        return found

    def _record_again(self, origin: str, stored: Stored) -> None:
        """Record a version that was written before the erasure was interrupted."""
        if (old := self._record(origin)) is not None:
            with content_of(stored) as found:
                if found:
                    self._note(old, stored, found[0], None)

    def _note(self, file: FileRecord, stored: Stored, content: BinaryIO, made: Removed | None) -> None:
        """Have ledger and manifests know the version as the file. One that was not judged is judged by its event."""
        landed = _version(stored)
        if file.state is FileState.RECEIVED or file.version_id == landed.version_id:
            return
        new = file_as(file, landed, content, made)
        correct_manifests(self.artifacts, new)
        self.ledger.erasures.replace_object(file, new, landed)

    def _record(self, version_file_id: str) -> FileRecord | None:
        """Return the file that a version is: its own record, or the file whose place it took in an earlier erasure."""
        found = self.ledger.files.get_many([version_file_id])
        return self._record(found[0].version_of) if found and found[0].version_of else (found[0] if found else None)

    def _replace(self, stored: Stored, content: BinaryIO, metadata: Mapping[str, str], *, begun: bool) -> Outcome:
        """Put a version without the person on top of this one, and say what becomes of it.

        One that mentions the person and whose format nothing explains is to be deleted: no row of it was ever loaded.
        """
        record = self._record(_version(stored).file_id)
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
            target: Any = file
            made = self._without(stored, record, content, target)
            if made is None and _explains_nothing(stored, record) and mentions(content, self.subject):
                if record is not None:
                    self.ledger.erasures.forget_file(record)
                return Outcome.USELESS
            if not begun and (made is None or not made.removed):
                return Outcome.KEPT
            if made is None:
                _copy(content, target)
            new = self._put(stored, target, metadata)
            if record is not None:
                self._note(record, new, target, made)
        return Outcome.REPLACED

    def _without(self, stored: Stored, record: FileRecord | None, content: BinaryIO, target: Any) -> Removed | None:
        """Write the file without the person's rows; None for one that is no file of a dataset with people."""
        dataset = stored.key.removeprefix(INCOMING).partition("/")[0]
        kind = kind_of(stored.key)
        refused = record is not None and record.state is FileState.REJECTED
        if dataset not in self.columns or kind is None or refused:
            return None
        try:
            return rewrite(content, target, kind, self.subject, self.columns[dataset])
        except (pa.ArrowException, OSError, EOFError):
            target.seek(0)
            target.truncate()
            return None

    def _put(self, stored: Stored, content: BinaryIO, metadata: Mapping[str, str]) -> Stored:
        content.seek(0)
        said = {WRITTEN_AT: metadata.get(WRITTEN_AT, stamp(stored.at)), REWRITTEN_FROM: _version(stored).file_id}
        answer = client("s3").put_object(Bucket=self.bucket, Key=stored.key, Body=content, Metadata=said)
        size = content.seek(0, 2)
        etag = answer["ETag"].strip('"')
        return type(stored)(self.bucket, stored.key, answer["VersionId"], utc_now(), size, etag)


def _copy(source: BinaryIO, target: BinaryIO) -> None:
    source.seek(0)
    shutil.copyfileobj(source, target)


def _explains_nothing(stored: Stored, record: FileRecord | None) -> bool:
    """Return whether a file that cannot be written anew was rejected, or is outside of all datasets.

    Others are files of datasets without people: rows in which a person is mentioned by chance are not theirs.
    """
    if record is not None:
        return record.state is FileState.REJECTED
    return stored.key.removeprefix(INCOMING).partition("/")[0] not in contracts.all_names()


def _version(stored: Stored) -> ObjectVersion:
    return ObjectVersion(
        bucket=stored.bucket, key=stored.key, version_id=stored.named_version, etag=stored.etag, size=stored.size
    )
