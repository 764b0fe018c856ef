"""The table of outcomes for people, and the same as JSON for programs."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from localaws.conformance.running import AS_AWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localaws.conformance.running import Outcome

WIDEST_REASON = 160


def line(outcome: Outcome) -> str:
    """Return one outcome as a row of a Markdown table."""
    reason = " ".join(outcome.reason.split()).replace("|", "\\|")
    shown = reason if len(reason) <= WIDEST_REASON else f"{reason[: WIDEST_REASON - 1]}…"
    return f"| {outcome.check.service} | {outcome.check.behaviour} | {outcome.state} | {shown} |"


HEAD = "| service | what AWS does | this endpoint | reason |\n|---|---|---|---|"


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return how many checks of each service were answered as AWS answers, and of all."""
    asked = Counter(outcome.check.service for outcome in outcomes)
    right = Counter(outcome.check.service for outcome in outcomes if outcome.state == AS_AWS)
    lines = [f"{service}: {right[service]} of {count}" for service, count in asked.items()]
    return "\n".join([*lines, f"all: {right.total()} of {asked.total()} as AWS"])


def as_json(endpoint: str, outcomes: Sequence[Outcome]) -> str:
    """Return all outcomes as a JSON document."""
    checks = [
        {
            "service": outcome.check.service,
            "behaviour": outcome.check.behaviour,
            "state": outcome.state,
            "reason": outcome.reason,
            "seconds": round(outcome.seconds, 3),
        }
        for outcome in outcomes
    ]
    return json.dumps({"endpoint": endpoint, "checks": checks}, indent=2, ensure_ascii=False)
