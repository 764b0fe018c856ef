"""The page that a smoke test prints: what was proved line by line, what it cost, what was removed. Markdown."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date


class Result(StrEnum):
    """`NOT_PROVED`: nothing says that it works, and nothing that it does not."""

    PROVED = "proved"
    FAILED = "FAILED"
    NOT_PROVED = "not proved"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that a smoke test tried. `name` stays the same between releases: docs/real-aws.md refers to it."""

    name: str
    result: Result
    detail: str = ""


@dataclass(slots=True)
class Report:
    """What a smoke test found. Times are as `stamp` writes them, `costs` USD by item."""

    environment: str
    lake: str
    region: str
    version: str
    started_at: str
    quick: bool = False
    seconds: float = 0.0
    lines: list[Line] = field(default_factory=list)
    costs: dict[str, float] = field(default_factory=dict)
    prices_of: date | None = None

    @property
    def failed(self) -> bool:
        """Return whether anything failed."""
        return any(line.result is Result.FAILED for line in self.lines)

    def proved(self, name: str, detail: str = "") -> None:
        """Add a line for something that works."""
        self.lines.append(Line(name, Result.PROVED, detail))

    def failure(self, name: str, detail: str) -> None:
        """Add a line for something that does not work."""
        self.lines.append(Line(name, Result.FAILED, detail))

    def unproved(self, name: str, detail: str) -> None:
        """Add a line for something that could not be tried."""
        self.lines.append(Line(name, Result.NOT_PROVED, detail))

    def check(self, name: str, *, holds: bool, detail: str) -> None:
        """Add a line for something that works or not."""
        (self.proved if holds else self.failure)(name, detail)

    def json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "environment": self.environment,
            "lake": self.lake,
            "region": self.region,
            "version": self.version,
            "started_at": self.started_at,
            "quick": self.quick,
            "seconds": round(self.seconds, 1),
            "passed": not self.failed,
            "lines": [{"name": one.name, "result": str(one.result), "detail": one.detail} for one in self.lines],
            "costs": {item: round(usd, 6) for item, usd in self.costs.items()},
            "cost_usd": round(sum(self.costs.values()), 6),
        }

    def markdown(self) -> list[str]:
        """Return the page, a text for each line. No name of a person and no account id is in it."""
        verdict = "FAILED" if self.failed else "passed"
        kind = "quick smoke test" if self.quick else "smoke test"
        return [
            f"## {kind.capitalize()} of `{self.lake}`: {verdict}",
            "",
            f"{self.environment}, {self.region}, Cartlake {self.version}, {self.started_at}, {self.seconds:.0f} s",
            "",
            "| what | result | detail |",
            "| --- | --- | --- |",
            *(f"| {line.name} | {line.result} | {_cell(line.detail)} |" for line in self.lines),
            "",
            self._cost(),
        ]

    def _cost(self) -> str:
        items = ", ".join(f"{item} ${usd:.4f}" for item, usd in self.costs.items()) or "nothing was billed"
        return f"Cost: ${sum(self.costs.values()):.4f} by list prices of {self.prices_of} ({items})"


def _cell(text: str) -> str:
    """Return a text as one cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")[:300]
