"""What a call answered with success survives a kill: changes are written to a log before the answer is sent.

Logged are the services in `localaws.state.stores`; objects of S3 are files in any case. The log is applied to the
saved state at the start, and cut by each save (`autosave`). Changes that threads make (messages moved by a poller,
executions that end) are logged within a tenth of a second: none was answered.
"""

from __future__ import annotations

import functools
import json
import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from ministack import app
from ministack.core import persistence
from ministack.core.responses import AccountRegionScopedDict, AccountScopedDict
from ministack.services import dynamodb, sqs, stepfunctions

from localaws.extensions import autosave
from localaws.hooks import wrap
from localaws.settings import load
from localaws.state.changes import ALL_ITEMS
from localaws.state.journal import Journal
from localaws.state.marks import Marks, RequestMarks
from localaws.state.recorder import Recorder
from localaws.state.replay import Replay
from localaws.state.requests import effects
from localaws.state.snapshot import BLOB_KEY
from localaws.state.stores import Stores

if TYPE_CHECKING:
    from collections.abc import Iterable

logger = logging.getLogger("localaws.state.journal")

THREADS_SECONDS: Final = 0.1
"""The pause between two looks at what threads changed."""

BLOB_MIN_BYTES: Final = 1024
"""Byte strings from this size on, such as the code of functions, are stored once."""

STORES: Final = Stores()
MARKS: Final = Marks()


def install() -> None:
    """Log changes, and apply the log when the state is loaded; nothing without `autosave`, which cuts the log."""
    if "autosave" in load().without:
        return
    log = _Log()
    autosave.saving().cut(log)
    recorder = Recorder(log.journal, STORES, MARKS, log.encode)
    _mark_records()
    _mark_items()
    _mark_messages()
    _replay(log, recorder)
    _log_requests(recorder)
    _log_ends(recorder)


class _Log:
    """The journal, and the byte strings it refers to."""

    def __init__(self) -> None:
        self.journal = Journal(autosave.saving().directory / "journal")
        self._blobs = autosave.saving().snapshots.blobs
        self._references: dict[int, set[str]] = {}

    def encode(self, value: Any) -> str:
        return json.dumps(value, default=self._default, separators=(",", ":"))

    def _default(self, value: Any) -> Any:
        if isinstance(value, (bytes, bytearray)) and len(value) >= BLOB_MIN_BYTES:
            digest = self._blobs.put(bytes(value))
            self._references.setdefault(self.journal.number, set()).add(digest)
            return {BLOB_KEY: digest}
        return persistence._json_default(value)

    def rotate(self) -> int:
        return self.journal.rotate()

    def drop_before(self, number: int) -> None:
        self.journal.drop_before(number)
        self._references = {file: digests for file, digests in self._references.items() if file >= number}

    def references(self) -> set[str]:
        return set().union(*self._references.values())


def _mark_records() -> None:
    for kind in (AccountScopedDict, AccountRegionScopedDict):
        for name in ("__getitem__", "__setitem__", "__delitem__", "get", "pop", "setdefault"):
            _replace(kind, name, _marking_one)
        for name in ("get_scoped", "set_scoped", "pop_scoped"):
            _replace(kind, name, _marking_scoped)
        for name in ("values", "items", "all_values", "all_items", "values_scoped", "items_scoped", "update", "clear"):
            if hasattr(kind, name):
                _replace(kind, name, _marking_all)


def _replace(kind: type, name: str, marking: Any) -> None:
    original = getattr(kind, name)
    setattr(kind, name, functools.wraps(original)(marking(original)))


def _marking_one(original: Any) -> Any:
    def method(store: Any, key: Any, *rest: Any) -> Any:
        MARKS.add(store, store._scoped(key))
        return original(store, key, *rest)

    return method


def _marking_scoped(original: Any) -> Any:
    def method(store: Any, account: str, region: str, key: Any, *rest: Any) -> Any:
        scope = (account, region) if isinstance(store, AccountRegionScopedDict) else (account,)
        MARKS.add(store, (*scope, key))
        return original(store, account, region, key, *rest)

    return method


def _marking_all(original: Any) -> Any:
    def method(store: Any, *rest: Any) -> Any:
        MARKS.add_all(store)
        return original(store, *rest)

    return method


def _mark_items() -> None:
    """Mark the items of DynamoDB tables, which are written by two functions, or all of a table at once."""

    def mark(table: dict[str, Any], part: Any) -> None:
        spec = dynamodb.parse_arn(table["TableArn"])
        MARKS.add(dynamodb._tables, (spec.account_id, spec.region, table["TableName"]), part)

    for name in ("_set_item", "_remove_item"):

        @wrap(dynamodb, name)
        def _(original: Any, table: dict[str, Any], partition: Any, sort: Any, *item: Any) -> Any:
            mark(table, (partition, sort))
            return original(table, partition, sort, *item)

    @wrap(dynamodb, "_items_replaced")
    def _(original: Any, table: dict[str, Any]) -> None:
        mark(table, ALL_ITEMS)
        original(table)


def _mark_messages() -> None:
    """Mark the messages of a queue that are received, or whose visibility is changed; others are told by the list."""

    def mark(queue: dict[str, Any], messages: Iterable[dict[str, Any]]) -> None:
        spec = sqs.parse_arn(queue["attributes"]["QueueArn"])
        for message in messages:
            MARKS.add(sqs._queues, (spec.account_id, spec.region, queue["url"]), message["id"])

    @wrap(sqs, "_collect_msgs")
    def _(original: Any, queue: dict[str, Any], *args: Any) -> Any:
        messages = original(queue, *args)
        mark(queue, messages)
        return messages

    def marking(original: Any, data: dict[str, Any], url: str) -> Any:
        answer = original(data, url)
        queue = sqs._get_q(data.get("QueueUrl", url))
        handles = {entry.get("ReceiptHandle") for entry in [data, *data.get("Entries", [])]}
        mark(queue, [message for message in queue["messages"] if message["receipt_handle"] in handles - {None}])
        return answer

    for name in ("ChangeMessageVisibility", "ChangeMessageVisibilityBatch"):
        sqs._HANDLERS[name] = functools.partial(marking, sqs._HANDLERS[name])


def _replay(log: _Log, recorder: Recorder) -> None:
    def batch(text: bytes) -> Any:
        return json.loads(text, object_hook=persistence._json_object_hook)

    replay = Replay(map(batch, log.journal.read()))
    log.rotate()  # a file that a kill cut off is not written to again

    @wrap(app, "load_state")
    def _(original: Any, service: str) -> Any:
        return replay.apply(service, original(service))

    @wrap(app, "_load_persisted_state")
    def _(original: Any) -> None:
        original()
        recorder.start()
        autosave.saving().touch()
        threading.Thread(target=_log_threads, args=(recorder,), name="localaws-journal", daemon=True).start()


def _log_requests(recorder: Recorder) -> None:
    @wrap(app, "_dispatch_service_request")
    async def _(original: Any, method: str, path: str, headers: Any, body: bytes, *rest: Any) -> Any:
        found = effects(method, path, headers, body)
        marks = RequestMarks(scans=found.scans)
        token = MARKS.request.set(marks)
        try:
            return await original(method, path, headers, body, *rest)
        finally:
            marks.is_open = False
            MARKS.request.reset(token)
            if found.changes:
                recorder.flush(marks.marked, found.skip)


def _log_ends(recorder: Recorder) -> None:
    """Log the end of an execution before anyone can be told of it."""

    @wrap(stepfunctions, "_emit_execution_status_event")
    def _(original: Any, execution: dict[str, Any]) -> None:
        original(execution)
        arn = execution["executionArn"]
        spec = stepfunctions.parse_arn(arn)
        store = stepfunctions._executions
        recorder.flush({(id(store), (spec.account_id, spec.region, arn), None): store})


def _log_threads(recorder: Recorder) -> None:
    while True:
        time.sleep(THREADS_SECONDS)
        try:
            recorder.flush_threads()
        except Exception:
            logger.exception("changes of threads cannot be logged")
