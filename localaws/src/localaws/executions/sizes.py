"""Step Functions' limits of data and of histories, and the errors that States.ALL does not match."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from typing import Any

DATA_BYTES = 262_144
HISTORY_EVENTS = 25_000
TOO_LARGE = "States.DataLimitExceeded"
# Errors that no Retry and no Catch of States.ALL or States.TaskFailed matches.
UNMATCHED = frozenset({TOO_LARGE, "States.Runtime"})
EXECUTIONS_COUNTED = 10_000

STATE, ATTEMPT, CALLBACK, CONTAINER, ITERATION = 2, 3, 1, 2, 2
"""Events: of a state, an attempt of a task, one that waits, a Map or Parallel, an item of a Map."""


def data_fault(value: Any, what: str) -> str | None:
    """Return AWS's cause when a value is larger than 256 KiB as JSON; `what` names the state or the task."""
    if _shorter(value):
        return None
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode()) <= DATA_BYTES:
        return None
    return f"The state/task '{what}' returned a result with a size exceeding the maximum number of bytes service limit."


def _shorter(value: Any) -> bool:
    """Return whether a value is small without writing it as JSON, which most are."""
    return (
        value is None
        or isinstance(value, bool | int | float)
        or (isinstance(value, str) and len(value) < DATA_BYTES // 8)
    )


def matches(error_equals: list[str], error: str) -> bool | None:
    """Return whether a Retry or Catch matches an error that wildcards do not match; None for all other errors."""
    return error in error_equals if error in UNMATCHED else None


def events_of(state: dict[str, Any]) -> int:
    """Return how many events a state adds to the history when it runs once without a retry, items of a Map excepted."""
    kind = state.get("Type")
    if kind == "Task":
        waits = any(end in state.get("Resource", "") for end in (".sync", ".waitForTaskToken"))
        return STATE + ATTEMPT + (CALLBACK if waits else 0)
    return STATE + (CONTAINER if kind in {"Map", "Parallel"} else 0)


class Histories:
    """How many events each execution has had, by its ARN; those of the last ten thousand executions."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, execution: str, events: int) -> str | None:
        """Count events. Returns AWS's cause when the execution has reached the limit."""
        with self._lock:
            count = self._counts.pop(execution, 1) + events
            self._counts[execution] = count
            if len(self._counts) > EXECUTIONS_COUNTED:
                self._counts.popitem(last=False)
        if count < HISTORY_EVENTS:
            return None
        return f"The execution reached the maximum number of history events ({HISTORY_EVENTS})."
