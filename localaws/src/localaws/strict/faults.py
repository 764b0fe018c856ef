"""The broken constraints of a request, in the words of AWS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["missing", "enum", "other"]
NOT_NULL = "Member must not be null"


class Blob(int):
    """A blob of a request, as its length in bytes: constraints do not depend on its content."""


@dataclass(frozen=True)
class Fault:
    """One broken constraint: path and value as AWS writes them (None for a sensitive value), and AWS's words for it."""

    path: str
    value: str | None
    constraint: str
    kind: Kind = "other"

    def __str__(self) -> str:
        value = " " if self.value is None else f" {self.value} "
        return f"Value{value}at '{self.path}' failed to satisfy constraint: {self.constraint}"


def message(faults: list[Fault]) -> str:
    """Return AWS's message about all faults of a request."""
    noun = "error" if len(faults) == 1 else "errors"
    return f"{len(faults)} validation {noun} detected: {'; '.join(map(str, faults))}"


def display(value: object) -> str:
    """Return a value as AWS writes it in its messages: lists and maps as Java prints them."""
    match value:
        case Blob():
            return f"java.nio.HeapByteBuffer[pos=0 lim={int(value)} cap={int(value)}]"
        case dict():
            return "{" + ", ".join(f"{key}={display(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(display, value)) + "]"
        case bool():
            return str(value).lower()
        case None:
            return "null"
    return str(value)
