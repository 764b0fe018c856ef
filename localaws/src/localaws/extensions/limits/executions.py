"""Executions fail as on AWS when a state's or a task's data is too large, or their history too long.

Neither error is matched by States.ALL or States.TaskFailed. The events of states inside of Map and Parallel count,
too, though MiniStack does not write them into the history.
"""

from __future__ import annotations

from typing import Any

from ministack.services import stepfunctions as sfn

from localaws.executions import sizes
from localaws.hooks import wrap

HANDLERS = ("_execute_pass", "_execute_task", "_execute_choice", "_execute_wait", "_execute_parallel", "_execute_map")


def install() -> None:
    """Check what each state and task gives back, and count the events."""
    histories = sizes.Histories()

    def run_state(original: Any, state: dict[str, Any], given: Any, *more: Any) -> Any:
        context = more[-1] if more else None
        if not context or "State" not in context:  # TestState runs one state without an execution
            return original(state, given, *more)
        name = context["State"]["Name"]
        long = histories.add(_execution(more, context), sizes.events_of(state))
        if long:
            raise sfn._ExecutionError("States.Runtime", long)
        output, following = original(state, given, *more)
        _require_small(output, name)
        return output, following

    for handler in HANDLERS:
        wrap(sfn, handler)(run_state)

    @wrap(sfn, "_invoke_resource")
    def _(original: Any, resource: str, given: Any) -> Any:
        _require_small(given, resource)
        result = original(resource, given)
        _require_small(result, resource)
        return result

    @wrap(sfn, "_error_matches")
    def _(original: Any, error_equals: list[str], error: str) -> bool:
        own = sizes.matches(error_equals, error)
        return bool(original(error_equals, error)) if own is None else own


def _execution(more: tuple[Any, ...], context: dict[str, Any]) -> str:
    """Return the execution whose history a state is in: an item of a distributed Map has an execution of its own."""
    has_execution = len(more) > 1
    return str(more[0]["executionArn"] if has_execution else context["Execution"]["Id"])


def _require_small(value: Any, name: str) -> None:
    fault = sizes.data_fault(value, name)
    if fault:
        raise sfn._ExecutionError(sizes.TOO_LARGE, fault)
