"""State that survives a kill: MiniStack saves only when it ends normally, this saves after changes.

Also keeps object versions out of memory: with S3 on disk MiniStack still holds the body of every version.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ministack import app
from ministack.core import persistence
from ministack.services import lambda_svc, s3

from localaws.hooks import wrap
from localaws.settings import load
from localaws.snapshot import BLOB_KEY, BLOB_MIN_BYTES, Snapshots

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("localaws.autosave")

LOOK_SECONDS = load().autosave_seconds
# Schedules and pollers change state without a request.
IDLE_SECONDS = 15.0
# Saving may take at most a twentieth of the time, however much state there is.
REST_PER_SECOND_OF_SAVING = 19.0


class Autosave:
    """Saves all loaded services in the background, soon after a request changed something."""

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots
        self._dirty = threading.Event()

    def touch(self) -> None:
        self._dirty.set()

    def save(self) -> None:
        # Cleared first: what changes during the save is saved by the next.
        self._dirty.clear()
        saved = self._snapshots.save(app._build_persistence_save_dict())
        if saved:
            logger.debug("saved %s", ", ".join(saved))

    def run_for_ever(self) -> None:
        last = time.monotonic()
        while True:
            time.sleep(LOOK_SECONDS)
            started = time.monotonic()
            if not self._dirty.is_set() and started - last < IDLE_SECONDS:
                continue
            try:
                self.save()
            except Exception:
                logger.exception("autosave failed")
            last = time.monotonic()
            time.sleep((last - started) * REST_PER_SECOND_OF_SAVING)


def encode(service: str, state: Any, put: Callable[[bytes], str]) -> str:
    """Return the text of one state file in MiniStack's own format, large byte strings by reference."""

    def default(value: Any) -> Any:
        if isinstance(value, (bytes, bytearray)) and len(value) >= BLOB_MIN_BYTES:
            return {BLOB_KEY: put(bytes(value))}
        return persistence._json_default(value)

    version = persistence._state_format_version(service)
    return json.dumps({"__ministack_format__": version, "payload": state}, default=default)


def install() -> None:
    """Replace MiniStack's save at shutdown by ours, and run it in the background."""
    snapshots = Snapshots(Path(persistence.STATE_DIR), encode)
    autosave = Autosave(snapshots)

    @wrap(persistence, "_json_object_hook")
    def _(original: Any, value: dict[str, Any]) -> Any:
        return snapshots.blobs.get(value[BLOB_KEY]) if BLOB_KEY in value else original(value)

    @wrap(app, "_dispatch_service_request")
    async def _(original: Any, *args: Any, **kwargs: Any) -> Any:
        response = await original(*args, **kwargs)
        autosave.touch()
        return response

    app.save_all = snapshots.save
    _keep_code_blobs_until_saved()
    _drop_version_bodies()
    threading.Thread(target=autosave.run_for_ever, name="localaws-autosave", daemon=True).start()


def _keep_code_blobs_until_saved() -> None:
    """Keep a replaced function's code on disk as long as the state file on disk may still refer to it."""
    previous: set[str] = set()

    @wrap(lambda_svc, "_prune_orphan_code_blobs")
    def _(original: Any, referenced: set[str]) -> None:
        nonlocal previous
        original(referenced | previous)
        previous = set(referenced)


def _drop_version_bodies() -> None:
    @wrap(s3, "_persist_object")
    def _(original: Any, bucket: str, key: str, record: Any) -> None:
        original(bucket, key, record)
        path = s3._object_disk_path(bucket, key)
        if path is None or not Path(path).exists():
            return
        # The current body is the file just written; older ones went to their own files when they were displaced.
        for version in s3._object_versions.get((bucket, key), []):
            version["data"] = None
