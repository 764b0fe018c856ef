"""The person who is erased: the ids of all of their records, and what else only they are named by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

_ENCODINGS: Final = ("utf-8", "utf-16-le", "utf-16-be")
BOUND_BYTES: Final = 15
"""Iceberg keeps the first 16 characters of a text as its bound, and raises the last of them in an upper bound."""


@dataclass(frozen=True)
class Subject:
    """One person. `contacts` are addresses and numbers that no other person has."""

    ids: frozenset[str]
    contacts: frozenset[str] = frozenset()

    def is_named_by(self, value: str | None) -> bool:
        """Return whether the value of a column that names a person names this one."""
        return value is not None and value.strip() in self.ids

    @cached_property
    def mention(self) -> re.Pattern[bytes]:
        """Matches an id or a contact of the person in a text, as UTF-8 or UTF-16, but not within a longer word."""
        return mention_of([*self.ids, *self.contacts])

    def is_mentioned_in(self, text: bytes) -> bool:
        """Return whether `mention` matches somewhere in a text, which may have many MB."""
        folded = text.lower()  # of ASCII letters, as the pattern ignores their case
        return any(word in folded for word in self._words) and self.mention.search(text) is not None

    @cached_property
    def _words(self) -> tuple[bytes, ...]:
        """The words as they may stand in a text: looking for them is ten times as fast as for the pattern."""
        return tuple(word.encode(one).lower() for word in (*self.ids, *self.contacts) for one in _ENCODINGS)

    @cached_property
    def bound(self) -> re.Pattern[bytes]:
        """Matches what the metadata of an Iceberg table keeps of an id or a contact."""
        return bound_of([*self.ids, *self.contacts])


def mention_of(words: Collection[str]) -> re.Pattern[bytes]:
    """Return a pattern that matches each of the words in UTF-8 and UTF-16, whatever the case of its letters."""
    parts = [rb"(?<![0-9A-Za-z])(?:%s)(?![0-9A-Za-z])", rb"(?<![0-9A-Za-z]\x00)(?:%s)(?![0-9A-Za-z]\x00)"]
    parts.append(rb"(?<!\x00[0-9A-Za-z])(?:%s)(?!\x00[0-9A-Za-z])")
    found = [
        part % b"|".join(re.escape(word.encode(encoding)) for word in sorted(words))
        for part, encoding in zip(parts, _ENCODINGS, strict=True)
    ]
    return re.compile(b"|".join(found), re.IGNORECASE)


def bound_of(words: Collection[str]) -> re.Pattern[bytes]:
    """Return a pattern that matches the words, of long ones the part that is kept in the bounds of a column."""
    return re.compile(b"|".join(re.escape(word.encode()[:BOUND_BYTES]) for word in sorted(words)), re.IGNORECASE)
