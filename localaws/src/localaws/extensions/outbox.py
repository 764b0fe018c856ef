"""Events that were accepted and not delivered when the server was killed are delivered after the next start.

S3's notifications and events for Lambda are delivered by threads after the call was answered. Each is kept in a store
until then, which is saved and logged like those of the services. After a kill an event may be delivered twice, as on
AWS, but never not at all. Messages that a Lambda was working on become visible again: nobody works on them any more.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from ministack import app
from ministack.core.responses import AccountRegionScopedDict, request_scope
from ministack.services import lambda_svc, s3, sqs

from localaws.extensions.journal import STORES
from localaws.hooks import wrap
from localaws.settings import load
from localaws.state.stores import Place, records

logger = logging.getLogger("localaws.outbox")

SERVICE: Final = "localaws_outbox"
DELIVER_AFTER_SECONDS: Final = 1.0
"""Time for the server to answer, before functions that call it are invoked."""

RETRIES: Final = 2
"""How often Lambda repeats an event that failed, unless the function says otherwise."""

_events: Final = AccountRegionScopedDict()
"""Events by id: `kind`, and the arguments to deliver them with."""


@dataclass(slots=True)
class _Attempts:
    """The attempts of one event for Lambda."""

    event_id: str
    left: int
    has_destination: bool


_notification: ContextVar[str | None] = ContextVar("localaws_notification", default=None)
_attempts: ContextVar[_Attempts | None] = ContextVar("localaws_event_attempts", default=None)


def install() -> None:
    """Keep events until they are delivered, and deliver those that were left; nothing without `journal`."""
    if {"autosave", "journal"} & set(load().without):
        return
    STORES.add(_events, Place(SERVICE, "events"))
    _keep_notifications()
    _keep_lambda_events()
    _save()
    _deliver_at_start()


def _keep(kind: str, arguments: dict[str, Any]) -> str:
    event_id = uuid.uuid4().hex
    _events[event_id] = {"kind": kind, "arguments": arguments}
    return event_id


def _forget(event_id: str) -> None:
    _events.pop(event_id, None)


def _keep_notifications() -> None:
    @wrap(s3, "_fire_s3_event_async")
    def _(original: Any, bucket_name: str, key: str, event_name: str, *args: Any, **kwargs: Any) -> None:
        if bucket_name not in s3._bucket_notifications:
            return
        given = [bucket_name, key, event_name, *args]
        token = _notification.set(_keep("s3", {"args": given, "kwargs": kwargs}))
        try:
            original(*given, **kwargs)  # its thread has a copy of this context
        finally:
            _notification.reset(token)

    @wrap(s3, "_fire_s3_event")
    def _(original: Any, *args: Any, **kwargs: Any) -> None:
        original(*args, **kwargs)
        event_id = _notification.get()
        if event_id is not None:
            _forget(event_id)


def _keep_lambda_events() -> None:
    @wrap(lambda_svc, "invoke_async_with_retry")
    def _(original: Any, function: dict[str, Any], event: Any) -> None:
        config = function.get("config") or function
        event_id = _keep("lambda", {"function": config["FunctionArn"], "event": event})
        token = _attempts.set(_Attempts(event_id, *_retries(function, config)))
        try:
            original(function, event)
        finally:
            _attempts.reset(token)

    @wrap(lambda_svc, "_execute_function")
    def _(original: Any, function: dict[str, Any], event: Any) -> Any:
        result = original(function, event)
        attempts = _attempts.get()
        if attempts is not None:
            attempts.left -= 1
            if not result.get("error") or (attempts.left <= 0 and not attempts.has_destination):
                _forget(attempts.event_id)
        return result

    @wrap(lambda_svc, "_route_async_failure")
    def _(original: Any, *args: Any) -> None:
        original(*args)
        attempts = _attempts.get()
        if attempts is not None:
            _forget(attempts.event_id)


def _retries(function: dict[str, Any], config: dict[str, Any]) -> tuple[int, bool]:
    """Return how many attempts an event has, and whether it goes elsewhere after the last."""
    settings = function.get("event_invoke_config") or (function.get("event_invoke_configs") or {}).get("$LATEST") or {}
    destination = (settings.get("DestinationConfig") or {}).get("OnFailure") or config.get("DeadLetterConfig")
    retries = settings.get("MaximumRetryAttempts")
    return 1 + int(RETRIES if retries is None else retries), bool(destination)


def _save() -> None:
    @wrap(app, "_build_persistence_save_dict")
    def _(original: Any) -> dict[str, Any]:
        def state() -> dict[str, Any]:
            copy = AccountRegionScopedDict()
            records(copy).update(records(_events))
            return {"events": copy}

        return {**original(), SERVICE: state}


def _deliver_at_start() -> None:
    is_loaded = threading.Event()

    @wrap(lambda_svc, "_ensure_poller")
    def _(original: Any) -> None:
        if is_loaded.is_set():  # what it receives while the state is loaded would be taken for what was left
            original()

    @wrap(app, "_load_persisted_state")
    def _(original: Any) -> None:
        original()
        _release_messages()
        is_loaded.set()
        if lambda_svc._esms.has_any():
            lambda_svc._ensure_poller()
        left = (app.load_state(SERVICE) or {}).get("events")
        events = dict(records(left)) if left is not None else {}
        for (account, region, event_id), event in events.items():
            _events.set_scoped(account, region, event_id, event)
        if events:
            logger.warning("%d events were not delivered when the server last ended, and are now", len(events))
            timer = threading.Timer(DELIVER_AFTER_SECONDS, _deliver, args=(events,))
            timer.daemon = True
            timer.start()


def _deliver(events: dict[Any, dict[str, Any]]) -> None:
    for (account, region, event_id), event in events.items():
        with request_scope(account, region):
            try:
                _deliver_one(event["kind"], event["arguments"])
            except Exception:
                logger.exception("the event %s cannot be delivered: %s", event_id, event)
            _forget(event_id)  # it is kept under another id until it is delivered


def _deliver_one(kind: str, arguments: dict[str, Any]) -> None:
    if kind == "s3":
        s3._fire_s3_event_async(*arguments["args"], **arguments["kwargs"])
        return
    function, config, name = lambda_svc._get_func_record_for_ref(arguments["function"])
    if not function or not config:
        logger.warning("the function %s of an event does not exist any more: event dropped", name)
        return
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(function, config), arguments["event"])


def _release_messages() -> None:
    """Make messages visible that a Lambda was working on when the server ended, as if they had not been received."""
    now = time.time()
    sources = {mapping.get("EventSourceArn") for mapping in lambda_svc._esms.all_values()}
    for queue in sqs._queues.all_values():
        if queue["attributes"].get("QueueArn") in sources:
            for message in queue["messages"]:
                if message["receive_count"] and message["visible_at"] > now:
                    message |= {"visible_at": now, "receive_count": message["receive_count"] - 1}
