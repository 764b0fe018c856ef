"""The log of a job run: each line goes to CloudWatch Logs and to the server's `spark.log`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import cloudwatch_logs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# ruff: noqa: SLF001 -- MiniStack has no other interface


class RunLogs:
    """Copies lines. `places` are log group and stream by what a run writes to: `output` and `error`.

    `label` is put before each line in the file.
    """

    def __init__(self, label: str, places: Mapping[str, tuple[str, str]], file: Path) -> None:
        self._scope = (get_account_id(), get_region())
        self._label = label
        self._places = places
        self._file = file
        for group, stream in places.values():  # both return an error for one that exists, which does not matter
            cloudwatch_logs._create_log_group({"logGroupName": group})
            cloudwatch_logs._create_log_stream({"logGroupName": group, "logStreamName": stream})

    def write(self, stream: str, line: str) -> None:
        """Write one line of `output` or `error`."""
        with self._file.open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {self._label} {stream} {line}\n")
        if stream not in self._places:
            return
        group, name = self._places[stream]
        with request_scope(*self._scope):
            cloudwatch_logs._put_log_events(
                {
                    "logGroupName": group,
                    "logStreamName": name,
                    "logEvents": [{"timestamp": int(time.time() * 1000), "message": line}],
                }
            )
