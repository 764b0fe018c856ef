"""The log of the calls that roles make: a JSON object a line in `logs/iam_calls.jsonl`, with the setting `iam_log`.

| member | meaning |
| --- | --- |
| role | name of the role that calls; empty for a service of AWS |
| principal | `role` or the name of the service, such as `events.amazonaws.com` |
| call | service and operation |
| by | `request`, or the service that makes the call for the role |
| rights | action, resource and condition keys of each right that the call needs |
| denied | true for a call that the policies did not allow |
"""

from __future__ import annotations

import functools
import json
import threading
from typing import TYPE_CHECKING, Any

from localaws.paths import Paths
from localaws.settings import load

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from localaws.iam_calls.model import Needed


class CallLog:
    """Appends calls to a file, from any thread."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()

    def write(self, role: str, call: str, by: str, rights: Sequence[Needed], **more: Any) -> None:
        """Append one call."""
        listed = [[right.action, right.resource, dict(right.context)] for right in rights]
        line = json.dumps({"role": role, "call": call, "by": by, "rights": listed, **more})
        with self._lock:
            self._file.write(f"{line}\n")


@functools.cache
def call_log() -> CallLog | None:
    """Return the log of this server, None without the setting."""
    settings = load()
    return CallLog(Paths(settings.home).iam_log) if settings.iam_log else None
