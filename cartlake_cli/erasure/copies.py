"""Copies of rows outside of raw files and tables: rejected files, exports, query results and documents of runs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

from cartlake.aws.clients import client
from cartlake.erasure.tombstones import FOLDER
from cartlake_cli.erasure.decoding import texts_of
from cartlake_cli.erasure.objects import content_of, delete_versions, versions_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cartlake_cli.erasure.objects import Stored
    from cartlake_cli.erasure.subject import Subject

ERASED: Final = b"erased"
_READERS: Final = 8
_AT_ONCE: Final = 256
_DOCUMENTS: Final = (".json", ".jsonl")
_AVRO: Final = (".avro",)
_NO_ROWS: Final = (f"{FOLDER}/", "emr_jobs/", "glue_jobs/", "lambdas/", "layers/", "libs/")
"""Folders of the artifacts bucket that are left out: code that Terraform uploads, and documents of erasures."""


@dataclass(frozen=True)
class Copies:
    """One bucket of copies. In a bucket of `documents`, texts are changed and stay; all else is deleted.

    Exports are deleted with all files beside the one that has the person, and their manifest: export them again.
    """

    bucket: str
    subject: Subject
    prefix: str = ""
    documents: bool = False
    whole_folders: bool = False

    def count(self) -> dict[str, int]:
        """Return how many object versions mention the person."""
        return {"objects": sum(1 for _ in self._found())}

    def erase(self) -> None:
        """Delete what mentions the person, or take the mention out of documents. May be repeated."""
        folders: set[str] = set()
        for stored in self._found():
            if self.documents and stored.key.endswith(_DOCUMENTS):
                self._redact(stored)
            else:
                delete_versions([stored])
                folders.add(stored.key.rpartition("/")[0])
        for folder in folders if self.whole_folders else ():
            # The manifest lies above the files of its export.
            delete_versions(versions_in(self.bucket, f"{folder.rpartition('/')[0] or folder}/"))

    def _found(self) -> Iterator[Stored]:
        for stored, theirs in looked_at(self.bucket, self.subject, self.prefix):
            if theirs:
                yield stored

    def _redact(self, stored: Stored) -> None:
        with content_of(stored) as found:
            if found is None:
                return
            text = self.subject.mention.sub(ERASED, found[0].read())
        if stored.is_latest:
            client("s3").put_object(Bucket=stored.bucket, Key=stored.key, Body=text, ContentType="application/json")
        if stored.named_version or not stored.is_latest:
            delete_versions([stored])


def mentions_person(stored: Stored, subject: Subject) -> bool:
    """Return whether a version mentions the person, in its key or its content."""
    is_there = subject.bound.search if stored.key.endswith(_AVRO) else subject.is_mentioned_in
    with content_of(stored) as found:
        return found is not None and any(is_there(text) for text in texts_of(found[0]))


def looked_at(bucket: str, subject: Subject, prefix: str = "") -> Iterator[tuple[Stored, bool]]:
    """Yield every version below a prefix with whether it mentions the person; several are read at once."""
    found = (one for one in versions_in(bucket, prefix) if not one.is_marker and not one.key.startswith(_NO_ROWS))
    with ThreadPoolExecutor(_READERS) as pool:
        while part := list(islice(found, _AT_ONCE)):
            yield from zip(part, pool.map(lambda one: mentions_person(one, subject), part), strict=True)


@dataclass(frozen=True)
class Scanned:
    """How many object versions were read, and those that still mention the person."""

    objects: int = 0
    left: list[Stored] = field(default_factory=list)


def scan(buckets: list[str], subject: Subject) -> Scanned:
    """Read every version of every object of the buckets, decoded, and look for the person."""
    objects, left = 0, []
    for bucket in buckets:
        for stored, theirs in looked_at(bucket, subject):
            objects += 1
            if theirs or subject.mention.search(stored.key.encode()):
                left.append(stored)
    return Scanned(objects, left)
