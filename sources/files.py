"""Files that a sync writes into the raw bucket, numbered: of each number there is one, whoever writes it first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from botocore.exceptions import ClientError

from cartlake.aws.clients import aws_errors, client, error_code
from cartlake.aws.s3 import MISSING
from cartlake.errors import TerminalError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sources.model import Row

EXISTS: Final = "PreconditionFailed"
RACED: Final = "ConditionalRequestConflict"
CURSOR: Final = "cartlake-cursor"
"""The metadata of a file: a JSON list of the cursor of the rows after it, and of the newest modification time."""


class ForeignFileError(TerminalError):
    """There is a file in the place of one of a sync that no sync wrote."""


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """What a file says: its rows, where the sync goes on after it, and the newest modification time seen until then.

    `read` counts the rows that were read for it, also those that were known and are not in it.
    """

    rows: tuple[Row, ...]
    cursor: str | None
    newest: str | None
    read: int

    def metadata(self) -> dict[str, str]:
        """Return what is written beside the rows. S3 allows 2 KB of it, in ASCII."""
        return {CURSOR: json.dumps([self.cursor, self.newest, self.read])}


class FileStore(Protocol):
    """Where files go."""

    def find(self, key: str) -> WrittenFile | None:
        """Return a file that a sync wrote; None if there is none."""

    def create(self, key: str, file: WrittenFile) -> bool:
        """Write a file. Returns False, with nothing written, if there is one of that key."""


@dataclass(frozen=True, slots=True)
class RawBucket:
    """The raw bucket as a store of files."""

    bucket: str

    def find(self, key: str) -> WrittenFile | None:
        """Return a file that a sync wrote; None if there is none. Raises TransientError for errors that may pass."""
        try:
            with aws_errors():
                found = client("s3").get_object(Bucket=self.bucket, Key=key)
                text = found["Body"].read().decode()
        except ClientError as error:
            if error_code(error) in MISSING:
                return None
            raise
        if CURSOR not in found["Metadata"]:
            raise ForeignFileError(
                f"s3://{self.bucket}/{key} was written or changed by something else than a sync, so nothing says where "
                f"to go on after it. Begin anew: lake sync SOURCE --since TIME."
            )
        cursor, newest, read = json.loads(found["Metadata"][CURSOR])
        return WrittenFile(tuple(map(json.loads, text.splitlines())), cursor, newest, read)

    def create(self, key: str, file: WrittenFile) -> bool:
        """Write a file of JSON lines. Returns False, with nothing written, if there is one of that key."""
        # ASCII, so that no text in a row breaks a line.
        body = "".join(f"{json.dumps(row)}\n" for row in file.rows).encode()
        return create_object(self.bucket, key, body, file.metadata())


def create_object(bucket: str, key: str, body: bytes, metadata: dict[str, str]) -> bool:
    """Write an object. Returns False, with nothing written, if there is one of that key.

    Raises TransientError for errors that may pass, as when another call writes the same key at the same moment.
    """
    put = partial(client("s3").put_object, Bucket=bucket, Key=key, Body=body, Metadata=metadata, IfNoneMatch="*")
    return is_written(key, put)


def is_written(key: str, write: Callable[[], object]) -> bool:
    """Carry out a conditional write of a key. Returns False, with nothing written, if there is an object of that key.

    Raises TransientError for errors that may pass, as when another call writes the same key at the same moment.
    """
    try:
        with aws_errors():
            write()
    except ClientError as error:
        if error_code(error) == EXISTS:
            return False
        if error_code(error) == RACED:
            raise TransientError(f"Another call writes {key} at the same moment; try again.") from error
        raise
    return True


def key_of(source: str, sync_id: str, number: int) -> str:
    """Return the key of the file of a number: its name depends on nothing that a repeated sync would change."""
    return f"incoming/{source}/sync/{sync_id}/{number:06d}.jsonl"
