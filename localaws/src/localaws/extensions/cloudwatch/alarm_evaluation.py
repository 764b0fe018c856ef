"""Evaluates alarms every five seconds, by the rules of CloudWatch.

MiniStack evaluates an alarm only when a metric is put, ignores its dimensions, treats all its periods as one and
ignores missing data. Here every alarm is evaluated over its own periods. Metric math is not evaluated.
"""

from __future__ import annotations

import logging
import operator
import threading
import time
from typing import TYPE_CHECKING, Any

from ministack.core.responses import request_scope
from ministack.services import cloudwatch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

logger = logging.getLogger("localaws.alarms")

EVALUATE_SECONDS = 5.0
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanOrEqualToThreshold": operator.le,
    "LessThanThreshold": operator.lt,
}


def new_state(values: Sequence[float | None], alarm: dict[str, Any]) -> str | None:
    """Return the alarm's new state, or None to leave it as it is.

    `values` holds one value per evaluation period, None where the period has no data.
    """
    missing = alarm.get("TreatMissingData") or "missing"
    breaches = COMPARISONS[alarm["ComparisonOperator"]]
    if all(value is None for value in values) and missing in {"missing", "ignore"}:
        return "INSUFFICIENT_DATA" if missing == "missing" else None
    breaching = sum(
        missing == "breaching" if value is None else breaches(value, alarm["Threshold"]) for value in values
    )
    needed = alarm.get("DatapointsToAlarm") or alarm.get("EvaluationPeriods") or 1
    return "ALARM" if breaching >= needed else "OK"


def period_values(alarm: dict[str, Any], points: Sequence[dict[str, Any]], now: float) -> list[float | None]:
    """Return the alarm's statistic of each period, newest first, None without data. The newest ends at `now` (epoch
    seconds).
    """
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
    period = alarm.get("Period") or 60
    values: list[float | None] = []
    for index in range(alarm.get("EvaluationPeriods") or 1):
        start, end = now - (index + 1) * period, now - index * period
        inside = [point for point in points if start < point["Timestamp"] <= end]
        statistics = cloudwatch._calc_stats(inside)
        values.append(cloudwatch._stat_value(statistics, statistic, inside) if statistics else None)
    return values


def evaluate(alarm: dict[str, Any]) -> None:
    """Evaluate one alarm of the current account and region; when its state changes, record that and run its actions."""
    if not alarm.get("MetricName") or alarm.get("ComparisonOperator") not in COMPARISONS:
        return
    dimensions = {item["Name"]: item["Value"] for item in alarm.get("Dimensions") or []}
    key = (alarm["Namespace"], alarm["MetricName"], cloudwatch._dims_key(dimensions))
    values = period_values(alarm, list(cloudwatch._metrics.get(key) or ()), time.time())
    state, old = new_state(values, alarm), alarm["StateValue"]
    if state is None or state == old:
        return
    reason = f"Threshold Crossed: {values} against {alarm['ComparisonOperator']} {alarm['Threshold']}"
    alarm |= {"StateValue": state, "StateReason": reason, "StateUpdatedTimestamp": int(time.time())}
    cloudwatch._record_history(alarm["AlarmName"], old, state, reason)
    cloudwatch._dispatch_alarm_actions(alarm, old, state, reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def evaluate_all() -> None:
    """Evaluate every alarm of every account and region."""
    for (account, region, name), alarm in cloudwatch._alarms.all_items():
        with request_scope(account, region):
            try:
                evaluate(alarm)
            except Exception:
                logger.exception("alarm %s cannot be evaluated", name)


def _run_forever() -> None:
    while True:
        time.sleep(EVALUATE_SECONDS)
        evaluate_all()


def install() -> None:
    """Evaluate alarms in the background, and wherever MiniStack evaluates one.

    Raises AttributeError when this version of MiniStack has no such function.
    """
    if not hasattr(cloudwatch, "_evaluate_alarm"):
        raise AttributeError("MiniStack's CloudWatch no longer has _evaluate_alarm")
    cloudwatch._evaluate_alarm = evaluate
    threading.Thread(target=_run_forever, name="localaws-alarms", daemon=True).start()
