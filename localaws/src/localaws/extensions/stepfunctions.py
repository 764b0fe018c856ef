"""Step Functions as on AWS, where MiniStack differs.

- A task whose Lambda is throttled fails with `Lambda.TooManyRequestsException`.
- A task with a callback token fails when its Lambda fails (MiniStack ignores the error and waits for the token).
- Every attempt of such a task has its own token.
- The machine's `TimeoutSeconds` ends an execution as TIMED_OUT.
- A stopped or timed-out execution starts no further task, and its tokens are no longer accepted.
- `StartExecution` with the name and input of a running execution returns that execution.
- `tracingConfiguration` is stored.
- Executions that were running when the server was killed emit the event of FAILED executions.
"""

from __future__ import annotations

import json
import logging
import threading
from contextvars import ContextVar, copy_context
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import stepfunctions as sfn

from localaws.errors import TerminalError
from localaws.functions.faults import state_failure
from localaws.hooks import succeeded, wrap

logger = logging.getLogger("localaws.stepfunctions")

# Time for the server to load all state and to answer, before interrupted executions are reported.
EMIT_AFTER_SECONDS = 3.0


class ExecutionEndedError(TerminalError):
    """The execution was stopped or timed out: its thread ends, and no Retry or Catch applies."""


_execution: ContextVar[dict[str, Any] | None] = ContextVar("localaws_execution", default=None)
_callback_token: ContextVar[str | None] = ContextVar("localaws_callback_token", default=None)


def current_execution() -> dict[str, Any] | None:
    """Return the execution whose task runs in this thread, None outside of executions."""
    return _execution.get()


def install() -> None:
    """Change MiniStack's Step Functions. Raises AttributeError when this version does not have a function to change."""
    _end_executions()
    _fail_callbacks_of_failed_lambdas()
    _renew_tokens()
    _start_once()
    _store_tracing()
    _emit_interrupted()


def _end_executions() -> None:
    @wrap(sfn, "_run_execution")
    def _(original: Any, execution_arn: str) -> None:
        execution = sfn._executions.get(execution_arn)
        _execution.set(execution)  # the thread runs in a context of its own
        timer = _timeout_timer(execution) if execution else None
        try:
            original(execution_arn)
        finally:
            if timer is not None:
                timer.cancel()

    @wrap(sfn, "_fail_execution")
    def _(original: Any, execution: dict[str, Any], error: str, cause: str) -> None:
        if execution["status"] == "RUNNING":
            original(execution, error, cause)

    @wrap(sfn, "_invoke_resource")
    def _(original: Any, *args: Any) -> Any:
        _require_running()
        return original(*args)

    @wrap(sfn, "_stop_execution")
    def _(original: Any, data: dict[str, Any]) -> Any:
        response = original(data)
        if succeeded(response):
            _release_tokens(data["executionArn"])
        return response


def _require_running() -> None:
    execution = _execution.get()
    if execution is not None and execution["status"] != "RUNNING":
        raise ExecutionEndedError(f"execution {execution['executionArn']} is {execution['status']}")


def _timeout_timer(execution: dict[str, Any]) -> threading.Timer | None:
    machine = sfn._state_machines.get(execution["stateMachineArn"]) or {}
    try:
        seconds = json.loads(machine.get("definition", "{}")).get("TimeoutSeconds")
    except ValueError:
        return None
    if not seconds:
        return None
    timer = threading.Timer(float(seconds), copy_context().run, args=(_time_out, execution))
    timer.daemon = True
    timer.start()
    return timer


def _time_out(execution: dict[str, Any]) -> None:
    if execution["status"] != "RUNNING":
        return
    execution |= {"status": "TIMED_OUT", "stopDate": sfn.now_iso(), "error": "States.Timeout"}
    sfn._add_event(execution, "ExecutionTimedOut", {"executionTimedOutEventDetails": {"error": "States.Timeout"}})
    sfn._emit_execution_status_event(execution)
    _release_tokens(execution["executionArn"])


def _release_tokens(execution_arn: str) -> None:
    """Wake the tasks of an ended execution that wait for a callback, so that their threads end."""
    for waiting in list(sfn._task_tokens.values()):
        if waiting.get("execution") == execution_arn:
            waiting["error"] = {"Error": "States.TaskFailed", "Cause": "the execution has ended"}
            waiting["event"].set()


def _fail_callbacks_of_failed_lambdas() -> None:
    @wrap(sfn, "_invoke_with_callback")
    def _(original: Any, resource: str, input_data: Any, token: str, state: dict[str, Any]) -> Any:
        _require_running()
        reset = _callback_token.set(token)
        try:
            return original(resource, input_data, token, state)
        finally:
            _callback_token.reset(reset)

    @wrap(sfn, "_call_lambda")
    def _(original: Any, reference: str, event: Any) -> Any:
        waiting = sfn._task_tokens.get(_callback_token.get())
        execution = _execution.get()
        if waiting is not None and execution is not None:
            waiting["execution"] = execution["executionArn"]
        try:
            return original(reference, event)
        except sfn._ExecutionError as failure:
            failure.error, failure.cause = state_failure(failure.cause) or (failure.error, failure.cause)
            if waiting is not None:
                waiting["error"] = {"Error": failure.error, "Cause": failure.cause}
                waiting["event"].set()
            raise


def _renew_tokens() -> None:
    def renewing(original: Any, state: dict[str, Any], data: Any, context: dict[str, Any] | None = None) -> Any:
        if context and "Task" in context and ".waitForTaskToken" in state.get("Resource", ""):
            context["Task"]["Token"] = sfn.new_uuid()
        return original(state, data, context)

    wrap(sfn, "_apply_parameters")(renewing)
    wrap(sfn, "_apply_jsonata_arguments")(renewing)


def _start_once() -> None:
    @wrap(sfn, "_start_execution")
    def _(original: Any, data: dict[str, Any]) -> Any:
        machine = sfn._state_machines.get(sfn._resolve_state_machine_arn(data.get("stateMachineArn", "")) or "")
        if machine and data.get("name"):
            account, region = sfn.get_account_id(), sfn.get_region()
            arn = f"arn:aws:states:{region}:{account}:execution:{machine['name']}:{data['name']}"
            running = sfn._executions.get(arn)
            if running and running["status"] == "RUNNING" and running["input"] == data.get("input", "{}"):
                return sfn.json_response({"executionArn": arn, "startDate": running["startDate"]})
        return original(data)


def _store_tracing() -> None:
    def storing(original: Any, data: dict[str, Any]) -> Any:
        response = original(data)
        if succeeded(response) and "tracingConfiguration" in data:
            arn = data.get("stateMachineArn") or json.loads(response[2])["stateMachineArn"]
            sfn._state_machines[arn]["tracingConfiguration"] = data["tracingConfiguration"]
        return response

    wrap(sfn, "_create_state_machine")(storing)
    wrap(sfn, "_update_state_machine")(storing)


def _emit_interrupted() -> None:
    def emit(executions: list[dict[str, Any]]) -> None:
        for execution in executions:
            region, account = execution["executionArn"].split(":")[3:5]
            with request_scope(account, region):
                sfn._emit_execution_status_event(execution)

    @wrap(sfn, "_restore_state")
    def _(original: Any, data: Any) -> None:
        original(data)
        interrupted = [
            execution
            for execution in sfn._executions.all_values()
            if execution.get("error") == "States.ServiceRestart" and not execution.get("announced")
        ]
        for execution in interrupted:
            execution["announced"] = True
        if interrupted:
            logger.warning("%d executions were interrupted when the server last ended", len(interrupted))
            timer = threading.Timer(EMIT_AFTER_SECONDS, emit, args=(interrupted,))
            timer.daemon = True
            timer.start()
