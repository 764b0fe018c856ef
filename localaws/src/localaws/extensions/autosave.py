"""Saves state after changes, so that it survives a kill: MiniStack saves only when it ends normally.

Also removes object versions from memory: with S3 on disk MiniStack still holds the body of every version.
"""

from __future__ import annotations

import functools
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
from localaws.state.snapshot import BLOB_KEY, BLOB_MIN_BYTES, Snapshots

if TYPE_CHECKING:
    from collections.abc import Callable

    from localaws.state.snapshot import Log

logger = logging.getLogger("localaws.autosave")

POLL_SECONDS = load().autosave_seconds
# Schedules and pollers change state without a request, so it is saved at this interval as well.
IDLE_SECONDS = 15.0
# Saving takes at most a twentieth of the time, however much state there is.
PAUSE_PER_SECOND_OF_SAVING = 19.0


class Autosave:
    """Saves all loaded services in the background, soon after a request changed something."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.snapshots = Snapshots(directory, encode)
        self._log: Log | None = None
        self._dirty = threading.Event()

    def cut(self, log: Log) -> None:
        """Cut this log at every save."""
        self._log = log

    def touch(self) -> None:
        """Have the next check save."""
        self._dirty.set()

    def save(self, services: dict[str, Any] | None = None) -> None:
        """Save every service whose state has changed; `services` are all that are loaded."""
        # Cleared first: a change during the save is saved by the next.
        self._dirty.clear()
        saved = self.snapshots.save(services or app._build_persistence_save_dict(), self._log)
        if saved:
            logger.debug("saved %s", ", ".join(saved))

    def run_forever(self) -> None:
        """Save in this thread until the process ends. A save that fails is logged and tried again later."""
        last = time.monotonic()
        while True:
            time.sleep(POLL_SECONDS)
            started = time.monotonic()
            if not self._dirty.is_set() and started - last < IDLE_SECONDS:
                continue
            try:
                self.save()
            except Exception:
                logger.exception("autosave failed")
            last = time.monotonic()
            time.sleep((last - started) * PAUSE_PER_SECOND_OF_SAVING)


def encode(service: str, state: Any, put: Callable[[bytes], str]) -> str:
    """Return the text of one state file in MiniStack's own format, with large byte strings by reference."""

    def default(value: Any) -> Any:
        if isinstance(value, (bytes, bytearray)) and len(value) >= BLOB_MIN_BYTES:
            return {BLOB_KEY: put(bytes(value))}
        return persistence._json_default(value)

    version = persistence._state_format_version(service)
    return json.dumps({"__ministack_format__": version, "payload": state}, default=default)


@functools.cache
def saving() -> Autosave:
    """Return the one that saves the state of this process."""
    return Autosave(Path(persistence.STATE_DIR))


def install() -> None:
    """Replace MiniStack's save at shutdown, and save in the background."""
    autosave = saving()

    @wrap(persistence, "_json_object_hook")
    def _(original: Any, value: dict[str, Any]) -> Any:
        return autosave.snapshots.blobs.get(value[BLOB_KEY]) if BLOB_KEY in value else original(value)

    @wrap(app, "_dispatch_service_request")
    async def _(original: Any, *args: Any, **kwargs: Any) -> Any:
        response = await original(*args, **kwargs)
        autosave.touch()
        return response

    app.save_all = autosave.save
    _keep_code_blobs_until_saved()
    _drop_version_bodies()
    threading.Thread(target=autosave.run_forever, name="localaws-autosave", daemon=True).start()


def _keep_code_blobs_until_saved() -> None:
    """Keep the code of a replaced function on disk while the state file on disk may still refer to it."""
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
        # The current body is in the file just written; older ones were written to files of their own when replaced.
        for version in s3._object_versions.get((bucket, key), []):
            version["data"] = None
