"""Logs what AWS would bill, with the setting `request_log`: a JSON object a line in `logs/requests.jsonl`.

| kind | members |
| --- | --- |
| request | service, operation, bytes of the body, items of a call to DynamoDB, the table or the object |
| function | name, ms, memory_mb, log_bytes: one run of a Lambda |
| transition | machine, state: one state of a state machine that was entered |
| history | machine, event, bytes: one event of an execution's history, which its log has too |
| event | source and type of an event on a bus |
| delivery | target of an event, the service and the name |
"""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

from ministack.services import eventbridge, lambda_svc
from ministack.services import stepfunctions as sfn

from localaws.extensions import strict_calls
from localaws.hooks import wrap
from localaws.paths import Paths
from localaws.settings import load

if TYPE_CHECKING:
    from pathlib import Path

    from localaws.strict.requests import Request
    from localaws.strict.services import Call

_ENTERED = "StateEntered"


class Log:
    """Appends objects to a file, from any thread."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()

    def write(self, kind: str, **members: Any) -> None:
        """Append one object, with the time in epoch seconds."""
        line = json.dumps({"at": round(time.time(), 3), "kind": kind, **members})
        with self._lock:
            self._file.write(f"{line}\n")


def install() -> None:
    """Log from now on, if the setting says so. Raises AttributeError when MiniStack lacks a function to change."""
    settings = load()
    if not settings.request_log:
        return
    log = Log(Paths(settings.home).request_log)
    _log_requests(log)
    _log_functions(log)
    _log_transitions(log)
    _log_events(log)


def _log_requests(log: Log) -> None:
    @wrap(strict_calls, "_refusal")
    async def _(original: Any, name: str, request: Request) -> Any:
        refused = await original(name, request)
        for rules in strict_calls._rules(name):
            call = rules.read(request)
            if call is not None:
                log.write("request", service=rules.name, operation=call.operation, **_members(call, request))
                break
        return refused


def _members(call: Call, request: Request) -> dict[str, Any]:
    members = call.members
    items = members.get("TransactItems") or members.get("Entries") or [None]
    place = members.get("TableName") or members.get("Bucket") or members.get("FunctionName") or ""
    return {"bytes": len(request.body), "items": len(items), "place": str(place)}


def _log_functions(log: Log) -> None:
    @wrap(lambda_svc, "_emit_lambda_logs")
    def _(original: Any, function: Any, *about: Any, **more: Any) -> Any:
        _request_id, text, _error, milliseconds = about
        config = function.get("config", function)
        log.write(
            "function",
            name=str(config.get("FunctionName", "")),
            ms=int(milliseconds),
            memory_mb=int(config.get("MemorySize", 128)),
            log_bytes=len(text.encode()),
        )
        return original(function, *about, **more)


def _log_transitions(log: Log) -> None:
    @wrap(sfn, "_add_event")
    def _(original: Any, execution: Any, kind: str, details: Any = None) -> Any:
        event = original(execution, kind, details)
        machine = str(execution.get("stateMachineArn", "")).rpartition(":")[2]
        if kind.endswith(_ENTERED):
            entered = (details or {}).get("stateEnteredEventDetails", {})
            log.write("transition", machine=machine, state=str(entered.get("name", "")))
        log.write("history", machine=machine, event=kind, bytes=len(json.dumps(event, default=str)))
        return event


def _log_events(log: Log) -> None:
    @wrap(eventbridge, "_dispatch_event")
    def _(original: Any, event: Any, *more: Any, **named: Any) -> Any:
        log.write("event", source=str(event.get("Source", "")), type=str(event.get("DetailType", "")))
        return original(event, *more, **named)

    @wrap(eventbridge, "_dispatch_to_sqs")
    def _(original: Any, spec: Any, *more: Any, **named: Any) -> Any:
        log.write("delivery", target="sqs", name=str(spec))
        return original(spec, *more, **named)
