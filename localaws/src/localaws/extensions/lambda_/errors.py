"""Lambda errors as on AWS, by their names and payloads, so that Retry and Catch in a state machine match them.

MiniStack answers `Runtime.HandlerError` for every exception of a handler and ends the process; AWS keeps it. A module
that cannot be imported, a process that exits, and a start that takes too long have names of their own.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import threading
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from localaws.functions import failures
from localaws.hooks import wrap

# AWS starts a function within ten seconds, or again within its Timeout. Here a start is not begun again.
INIT_SECONDS = 10.0
EXIT_SECONDS = 0.5

HANDLER_FAILED = '{"status": "error", "error": str(e), "trace": traceback.format_exc()}'
# Without the first frame, which is MiniStack's worker. With the status "ok" MiniStack keeps the process.
HANDLER_FAILED_AS_ON_AWS = (
    '{"status": "ok", "failed": True, "error": str(e), "error_type": type(e).__name__, '
    '"stack_trace": traceback.format_tb(e.__traceback__)[1:], "trace": traceback.format_exc()}'
)
RESULT = 'json.dumps({"status": "ok", "result": result})'
RESULT_AS_ON_AWS = "_localaws_result(result)"
INIT_FAILED = '"error": str(e)}) + '
INIT_FAILED_AS_ON_AWS = '"error": _localaws_init_error(e, module_name, handler_name)}) + '
HELPERS = """
def _localaws_result(result):
    import json
    try:
        return json.dumps({"status": "ok", "result": result})
    except Exception as e:
        raise type("Runtime.MarshalError", (Exception,), {})(f"Unable to marshal response: {e}") from e

def _localaws_init_error(e, module, handler):
    import json, traceback
    kind, message = type(e).__name__, str(e)
    if isinstance(e, ImportError):
        kind, message = "Runtime.ImportModuleError", f"Unable to import module '{module}': {e}"
    elif isinstance(e, SyntaxError):
        kind, message = "Runtime.UserCodeSyntaxError", f"Syntax error in module '{module}': {e}"
    elif isinstance(e, AttributeError) and not traceback.extract_tb(e.__traceback__)[1:]:
        kind, message = "Runtime.HandlerNotFound", f"Handler '{handler}' missing on module '{module}'"
    return json.dumps({"type": kind, "message": message, "stack": traceback.format_tb(e.__traceback__)[1:]})
"""


def install() -> None:
    """Have the Python worker report the classes of exceptions, and answer with AWS's payloads.

    Raises AttributeError when this version of MiniStack has another worker.
    """
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    replaced = {
        HANDLER_FAILED: HANDLER_FAILED_AS_ON_AWS,
        RESULT: RESULT_AS_ON_AWS,
        INIT_FAILED: INIT_FAILED_AS_ON_AWS,
    }
    for before, after in replaced.items():
        if script.count(before) != 1:
            raise AttributeError("MiniStack's Python worker reports errors in a way that this extension cannot change")
        script = script.replace(before, after)
    lambda_runtime._PYTHON_WORKER_SCRIPT = HELPERS + script
    _limit_starts()
    _end_with_all_children()
    _answer_as_on_aws()


def _limit_starts() -> None:
    @wrap(lambda_runtime.Worker, "_spawn")
    def _(original: Any, worker: Any) -> Any:
        worker._proc = None
        worker.localaws_start_timed_out = False
        timer = threading.Timer(INIT_SECONDS + float(worker.config.get("Timeout", 3)), _end_start, args=(worker,))
        timer.daemon = True
        timer.start()
        try:
            return original(worker)
        finally:
            timer.cancel()
            worker.localaws_process = worker._proc


def _end_start(worker: Any) -> None:
    worker.localaws_start_timed_out = True
    end_group(worker._proc)


def _end_with_all_children() -> None:
    @wrap(lambda_runtime, "_signal")
    def _(original: Any, process: subprocess.Popen[str] | None) -> None:
        if process is not None and not end_group(process):
            original(process)


def end_group(process: subprocess.Popen[str] | None) -> bool:
    """Kill a worker and the processes that it started; return whether it leads a group of its own."""
    if process is None:
        return False
    if _closed_its_output(process):  # it is about to exit: wait for the exit code
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(EXIT_SECONDS)
    try:
        if process.returncode is None and os.getpgid(process.pid) != process.pid:
            return False
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return process.returncode is not None
    return True


def _closed_its_output(process: subprocess.Popen[str]) -> bool:
    """Return whether the worker's standard output is at its end; a worker that is at work has nothing to read."""
    if process.stdout is None or process.stdout.closed:
        return False
    readable, _, _ = select.select([process.stdout], [], [], 0)
    return bool(readable)


def _answer_as_on_aws() -> None:
    last = threading.local()

    @wrap(lambda_runtime.Worker, "invoke")
    def _(original: Any, worker: Any, *args: Any, **kwargs: Any) -> Any:
        last.worker = worker
        try:
            last.response = original(worker, *args, **kwargs)
        except RuntimeError as error:  # it could not be started
            worker.kill()
            last.response = {"status": "error", "error": str(error), "log": worker._drain_stderr()}
        return last.response

    @wrap(lambda_svc, "_execute_function_warm")
    def _(original: Any, func: Any, event: Any, request_id: str) -> Any:
        last.worker = last.response = None
        result = original(func, event, request_id)
        if last.worker is None or not str(last.worker.config.get("Runtime", "")).startswith("python"):
            return result
        failure = failure_of(last.worker, last.response or {}, request_id)
        return result if failure is None else _failed(failure, last.response)


def failure_of(worker: Any, response: dict[str, Any], request_id: str) -> dict[str, Any] | None:
    """Return AWS's payload for how an invocation of a Python function ended; None when it returned a result."""
    if getattr(worker, "localaws_out_of_memory", False):
        return failures.out_of_memory(request_id)
    if response.get("failed"):
        return failures.raised(response, request_id)
    if response.get("status") == "ok":
        return None
    error = str(response.get("error", ""))
    if error.startswith(failures.INIT_FAILED):
        return failures.not_started(error.removeprefix(failures.INIT_FAILED), request_id)
    if worker.localaws_start_timed_out or lambda_svc._RIE_TIMEOUT_TEXT_RE.fullmatch(error):
        return failures.timed_out(request_id, float(worker.config.get("Timeout", 3)))
    process = worker.localaws_process
    return failures.exited(request_id, process.returncode if process is not None else None)


def _failed(failure: dict[str, Any], response: dict[str, Any] | None) -> dict[str, Any]:
    response = response or {}
    reason = response.get("trace") or f"{failure['errorMessage']}\n{failure['errorType']}"
    return {"body": failure, "error": True, "log": "\n".join(filter(None, [response.get("log", ""), reason]))}
