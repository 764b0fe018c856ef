"""Files of offset ranges in the raw bucket: of each range there is one, whoever writes it first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from botocore.exceptions import ClientError

from cartlake.aws.clients import aws_errors, client, error_code
from cartlake.aws.s3 import MISSING
from sources.files import ForeignFileError, create_object

if TYPE_CHECKING:
    from cartlake.ledger.streams import Claim, StreamState
    from sources.streams.lines import Lines

COUNTS: Final = "cartlake-records"
"""The metadata of a file: a JSON list of its records, and of how many of them are poison messages."""


@dataclass(frozen=True, slots=True)
class Landed:
    """How many records a file holds, and how many of them are poison messages."""

    records: int
    poison: int


class RangeStore(Protocol):
    """Where files of ranges go."""

    def find(self, key: str) -> Landed | None:
        """Return what a file holds; None if there is none."""

    def create(self, key: str, lines: Lines) -> bool:
        """Write a file. Returns False, with nothing written, if there is one of that key."""


@dataclass(frozen=True, slots=True)
class RangeBucket:
    """The raw bucket as a store of ranges."""

    bucket: str

    def find(self, key: str) -> Landed | None:
        """Return what a file holds; None if there is none. Raises TransientError for errors that may pass."""
        try:
            with aws_errors():
                found = client("s3").head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error_code(error) in MISSING:
                return None
            raise
        if COUNTS not in found["Metadata"]:
            raise ForeignFileError(
                f"s3://{self.bucket}/{key} was written or changed by something else than the reader of the stream, so "
                f"nothing says which messages it holds. Restore its first version, which has the metadata {COUNTS}."
            )
        return Landed(*json.loads(found["Metadata"][COUNTS]))

    def create(self, key: str, lines: Lines) -> bool:
        """Write a file. Returns False, with nothing written, if there is one of that key."""
        return create_object(self.bucket, key, lines.body, {COUNTS: json.dumps([lines.records, lines.poison])})


def folder_of(dataset: str, topic: str) -> str:
    """Return the folder of the files of a topic."""
    return f"incoming/{dataset}/stream/{topic}/"


def range_key(state: StreamState, claim: Claim) -> str:
    """Return the key of the file of a range: it depends on nothing but the topic, its incarnation and the offsets."""
    return (
        f"{folder_of(state.dataset, state.topic)}i{state.incarnation:04d}/p{claim.partition:05d}/"
        f"{claim.first:020d}-{claim.last:020d}.jsonl"
    )
