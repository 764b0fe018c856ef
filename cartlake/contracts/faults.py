"""Collects the faults of a contract while it is compiled, so that one error reports all of them."""

from dataclasses import dataclass, field

from cartlake.contracts.errors import Fault


@dataclass(slots=True)
class Faults:
    """The faults found so far, in the order of the file."""

    found: list[Fault] = field(default_factory=list)

    def add(self, where: str, value: object, advice: str) -> None:
        """Note a fault: the place by names, the value that is there, and how to correct it."""
        self.found.append(Fault(where, value, advice))
