"""Tombstones: by keyed hashes, loads recognise rows of people who were erased.

All are in one document of the artifacts bucket, with the key. Whoever may read it can test whether an id was erased,
and loads have to: so only the roles that load files and the people who erase may read it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict

from cartlake.aws import s3
from cartlake.times import stamp, utc_now

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDER: Final = "erasure"
"""The folder of the artifacts bucket that only loads and those who erase may read. Nothing in it expires."""
PERSON_WAS_ERASED: Final = "person_was_erased"
"""The reason of a quarantined row of such a person. Nothing else is kept of it, so it cannot be loaded again."""
_KEY_BYTES: Final = 32


class Tombstone(BaseModel):
    """One id of a person that was erased: its keyed hash in hex, by which erasure, and when."""

    model_config = ConfigDict(frozen=True)

    hash: str
    erasure: str
    at: str


class Tombstones(BaseModel):
    """All tombstones, and the key of their hashes in hex."""

    model_config = ConfigDict(frozen=True)

    key: str
    stones: list[Tombstone] = []

    @property
    def inner_key(self) -> str:
        """Return the key of the inner of the two hashes."""
        return derived_key(self.key, "inner")

    @property
    def outer_key(self) -> str:
        """Return the key of the outer of the two hashes."""
        return derived_key(self.key, "outer")

    @property
    def hashes(self) -> frozenset[str]:
        """Return all hashes."""
        return frozenset(stone.hash for stone in self.stones)

    def hash_of(self, value: str) -> str:
        """Return the keyed hash of an id in hex, as `transforms.file_rows.forgotten` computes it in SQL."""
        inner = hashlib.sha256(f"{self.inner_key}{value.strip()}".encode()).hexdigest()
        return hashlib.sha256(f"{self.outer_key}{inner}".encode()).hexdigest()

    def has(self, value: str) -> bool:
        """Return whether the id was erased."""
        return self.hash_of(value) in self.hashes

    def with_ids(self, values: Iterable[str], erasure: str) -> Tombstones:
        """Return these tombstones and those of more ids; ids that have one keep it."""
        now = stamp(utc_now())
        new = sorted({self.hash_of(value) for value in values} - self.hashes)
        return Tombstones(
            key=self.key, stones=[*self.stones, *(Tombstone(hash=h, erasure=erasure, at=now) for h in new)]
        )


def derived_key(key: str, purpose: str) -> str:
    """Return a key in hex for one purpose, from which the key itself cannot be computed."""
    return hmac.new(bytes.fromhex(key), purpose.encode(), hashlib.sha256).hexdigest()


def tombstones_uri(bucket: str) -> str:
    """Return the URI of the document in the artifacts bucket."""
    return f"s3://{bucket}/{FOLDER}/tombstones.json"


def read_tombstones(bucket: str) -> Tombstones | None:
    """Return the tombstones of a lake by its artifacts bucket, None where nobody was ever erased.

    Raises DocumentError for a damaged document, so that no load takes it for none.
    """
    return s3.find_model(tombstones_uri(bucket), Tombstones)


def new_tombstones() -> Tombstones:
    """Return an empty document with a random key."""
    return Tombstones(key=secrets.token_hex(_KEY_BYTES))


def write_tombstones(bucket: str, stones: Tombstones) -> None:
    """Replace the document."""
    s3.write_text(tombstones_uri(bucket), stones.model_dump_json(indent=2))
