"""CloudWatch's limits of alarms, and those of log events."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from localaws.strict.rules.rule import Refusal, rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.strict.rules.rule import Account

SHORT_PERIODS, MINUTE, HOUR, DAY = frozenset({10, 20, 30}), 60, 3_600, 86_400
LONGEST_DAYS = 7


@rule("cloudwatch", "PutMetricAlarm")
def alarm(members: Mapping[str, Any], _account: Account) -> Refusal | None:
    """Refuse an alarm that looks back too far, or at periods that CloudWatch does not have."""
    problem = alarm_fault(
        *(_number(members.get(name)) for name in ("Period", "EvaluationPeriods", "DatapointsToAlarm"))
    )
    return Refusal("ValidationError", problem) if problem else None


def _number(value: Any) -> int | None:
    return int(value) if str(value).isdecimal() else None


def alarm_fault(period: int | None, periods: int | None, datapoints: int | None) -> str | None:
    """Return why CloudWatch refuses an alarm with this period in seconds; None when it takes it."""
    if datapoints is not None and periods is not None and datapoints > periods:
        return "EvaluationPeriods must be greater than or equal to DatapointsToAlarm"
    if period is None:
        return None
    if period not in SHORT_PERIODS and period % MINUTE:
        return f"Period {period} is not valid: it must be 10, 20, 30 or a multiple of 60"
    longest = LONGEST_DAYS * DAY if period >= HOUR else DAY
    if period * (periods or 1) > longest:
        limit = f"(EvaluationPeriods * Period must be <= {longest})"
        return f"Metrics cannot be checked across more than {longest} seconds {limit}"
    return None


@rule("logs", "PutLogEvents")
def order(members: Mapping[str, Any], _account: Account) -> Refusal | None:
    """Refuse log events that are not in the order of their time."""
    times = [event.get("timestamp", 0) for event in members.get("logEvents") or () if isinstance(event, dict)]
    if all(before <= after for before, after in pairwise(times)):
        return None
    problem = "Log events in a single PutLogEvents request must be in chronological order."
    return Refusal("InvalidParameterException", problem)
