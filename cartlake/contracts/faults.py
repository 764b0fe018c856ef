"""Collects what is wrong with a contract while it is compiled, so that a person reads all of it at once."""

from dataclasses import dataclass, field

from cartlake.contracts.errors import Problem


@dataclass(slots=True)
class Faults:
    problems: list[Problem] = field(default_factory=list)

    def add(self, where: str, value: object, advice: str) -> None:
        self.problems.append(Problem(where, value, advice))
