"""Errors of contracts. One error lists every fault of a file, each with its place, its value and the correction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from textwrap import shorten
from typing import Final

from cartlake.errors import TerminalError

_MOST_LETTERS: Final = 200
"""So much is shown of a value; a longer one hides the advice after it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a contract file. `where` names elements, not positions: `schema.orders.order_id.pattern`."""

    where: str
    value: object
    advice: str

    def __str__(self) -> str:
        return f"{self.where} = {shorten(repr(self.value), _MOST_LETTERS)}: {self.advice}"


@dataclass(slots=True)
class Faults:
    """The faults found so far while a contract is compiled, in the order of the file."""

    found: list[Fault] = field(default_factory=list)

    def add(self, where: str, value: object, advice: str) -> None:
        """Add a fault: its place by the names of elements, the value found there, and how to correct it."""
        self.found.append(Fault(where, value, advice))


class ContractError(TerminalError):
    """A contract file cannot be used. `faults` holds every fault found in it, in order."""

    def __init__(self, file: str, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(f"{file}: {fault}" for fault in faults))
        self.file = file
        self.faults = tuple(faults)


class UnknownDatasetError(TerminalError):
    """No contract has this name."""
