"""Check the first lines of a JSON lines file: are they objects, and do their keys fit the contract?

Only the first `SAMPLE_LINES` are parsed; to parse them all would make the validator ten times slower than the disk it
reads from. A line further down that is no object, or has other keys, is quarantined by the transform job, with its
reason, as one bad row among good ones.
"""

import json
from typing import Any, Final

from lambdas.file_validator.content.columns import check_columns
from lambdas.file_validator.content.refusal import Reason, RefusedError
from lambdas.file_validator.content.rules import FileRules

SAMPLE_LINES: Final = 100
SAMPLE_BYTES: Final = 1 << 20
SHOWN: Final = 200

METADATA: Final = "_"
"""Keys that start with it are metadata, not columns: a replay names the quarantined row that a row replaces."""


class JsonHead:
    """Feed it chunks whose lines are known to be short and UTF-8, then `finish`. It keeps about one chunk at most.

    Both raise RefusedError at the first fault.
    """

    def __init__(self, rules: FileRules) -> None:
        self._rules = rules
        self._start = b""
        self._judged = False

    def feed(self, chunk: bytes) -> None:
        if self._judged:
            return
        self._start = (self._start + chunk).lstrip()
        if b"\n" in self._start and (len(self._start) >= SAMPLE_BYTES or self._start.count(b"\n") >= SAMPLE_LINES):
            self._judge(self._start[: self._start.rindex(b"\n")])

    def finish(self) -> None:
        if self._judged:
            return
        if not self._start.strip():
            raise RefusedError(Reason.EMPTY_FILE, "The file holds no text at all. If there is nothing, send no file.")
        self._judge(self._start)

    def _judge(self, text: bytes) -> None:
        self._judged, self._start = True, b""
        lines = [line for line in text.split(b"\n", SAMPLE_LINES)[:SAMPLE_LINES] if line.strip()]
        rows = [_first_object(lines[0]), *filter(None, map(_object, lines[1:]))]
        keys = dict.fromkeys(key for row in rows for key in row if not key.startswith(METADATA))
        check_columns(list(keys), self._rules)


def _first_object(line: bytes) -> dict[str, Any]:
    if line.startswith(b"["):
        raise RefusedError(
            Reason.JSON_ARRAY,
            "The file is one JSON array, but the lake reads JSON lines: one object a line, no commas between them."
            " Convert it, e.g. `jq -c '.[]' in.json > out.jsonl`, and drop it again.",
        )
    row = _object(line)
    if row is None:
        raise RefusedError(
            Reason.MALFORMED_JSON,
            f"The first line is not one whole JSON object: {line[:SHOWN].decode(errors='replace')!r}."
            " Write every object on a line of its own, e.g. `jq -c . in.json > out.jsonl`, and drop it again.",
            first_line=line[:SHOWN].decode(errors="replace"),
        )
    return row


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
