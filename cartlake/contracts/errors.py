"""What a broken contract says: every fault at once, each with its file, its place, its value and the repair."""

from collections.abc import Sequence
from dataclasses import dataclass

from cartlake.errors import TerminalError


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a contract file. `where` names elements, not positions: `schema.orders.order_id.pattern`."""

    where: str
    value: object
    advice: str

    def __str__(self) -> str:
        return f"{self.where} = {self.value!r}: {self.advice}"


class ContractError(TerminalError):
    """A contract file cannot be used. `problems` holds every fault found, so that one edit can mend them all."""

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(f"{file}: {problem}" for problem in problems))
        self.file = file
        self.problems = tuple(problems)


class UnknownDatasetError(TerminalError):
    """No contract has this name."""
