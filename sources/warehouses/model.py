"""What a warehouse is: it runs statements over a connection, and its errors say whether to try again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cartlake.errors import CartlakeError


class Kind(StrEnum):
    """What the lake tells apart of the types of a column."""

    TEXT = "text"
    INTEGER = "whole number"
    DATE = "date"
    TIMESTAMP = "timestamp without time zone"
    INSTANT = "timestamp with time zone"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of a statement, and the kind of each of their columns by name, in order."""

    columns: Mapping[str, Kind]
    rows: Sequence[tuple[Any, ...]]


class Connection(Protocol):
    """An open connection, whose session is in UTC and commits each statement."""

    def run(self, statement: str, values: Sequence[str]) -> Answer:
        """Run a statement. Raises the errors of the driver."""

    def close(self) -> None:
        """End the connection."""


class Warehouse(Protocol):
    """A kind of warehouse at an address."""

    @property
    def marker(self) -> str:
        """Return what stands for a value in a statement."""

    @property
    def clock(self) -> str:
        """Return the expression of the time by the clock of the warehouse, in UTC."""

    @property
    def types(self) -> Mapping[Kind, str]:
        """Return the types that values of the kinds are cast to; text is not."""

    @property
    def secret_members(self) -> tuple[str, ...]:
        """Return the members of the JSON object that is the secret."""

    def micros(self, column: str) -> str:
        """Return the expression of a column of times, cut to microseconds."""

    def connect(self, secret: Mapping[str, str]) -> Connection:
        """Open a connection. Raises CredentialsError for a key that is none, and the errors of the driver."""

    def judged(self, error: Exception) -> CartlakeError:
        """Return what an error of the driver means: one of sources.errors."""
