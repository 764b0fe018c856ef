"""Check the first lines of a JSON lines file: are they objects, and do their keys fit the contract?

Only the first `SAMPLE_LINES` are parsed; to parse them all would make the validator ten times slower than the disk it
reads from. A line further down that is no object, or has other keys, is quarantined by the transform job, with its
reason, as one bad row among good ones.
"""

import json
from typing import Any, Final

from cartlake.contracts.names import UNUSABLE
from cartlake.json_objects import MEETING, objects_of
from cartlake.poison import KEY as POISON
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
        self.names: dict[str, str] = {}
        """Columns by the names that the first lines, or the contract, give them beside their own."""

    def feed(self, chunk: bytes) -> None:
        if self._judged:
            return
        self._start = (self._start + chunk).lstrip()
        enough = len(self._start) >= SAMPLE_BYTES or self._start.count(b"\n") >= SAMPLE_LINES
        end = self._start.rfind(b"\n") if enough else -1
        if enough and end < 0:
            end = max((found.end() for found in MEETING.finditer(self._start)), default=-1)
        if end > 0:
            self._judge(self._start[:end])

    def finish(self) -> None:
        if self._judged:
            return
        if not self._start.strip():
            raise RefusedError(Reason.EMPTY_FILE, "The file holds no text at all. If there is nothing, send no file.")
        self._judge(self._start)

    def _judge(self, text: bytes) -> None:
        self._judged, self._start = True, b""
        lines = [line for line in text.split(b"\n", SAMPLE_LINES)[:SAMPLE_LINES] if line.strip()]
        texts = [found for line in lines for found in objects_of(line, self._rules.max_line_bytes)][:SAMPLE_LINES]
        rows = [_first_object(texts[0]), *filter(None, map(_object, texts[1:]))]
        # Messages of a stream that are no rows, by themselves: they have no keys of the contract, and need none.
        if all(POISON in row for row in rows):
            return
        keys = dict.fromkeys(key for row in rows for key in row if not key.startswith(METADATA))
        known = dict.fromkeys([*keys, *self._rules.written])
        found = {key: key if UNUSABLE.search(key) else self._rules.column_of(key) for key in known}
        check_columns(list(dict.fromkeys(found[key] for key in keys)), self._rules)
        self.names = {key: column for key, column in found.items() if key != column}


def refuse_array(head: bytes) -> None:
    """Raises RefusedError for a file that begins as a JSON array does. `head` is its first bytes."""
    if head.lstrip().startswith(b"["):
        raise RefusedError(
            Reason.JSON_ARRAY,
            "The file is one JSON array, but the lake reads JSON lines: one object a line, no commas between them."
            " Convert it, e.g. `jq -c '.[]' in.json > out.jsonl`, and drop it again.",
        )


def _first_object(line: bytes) -> dict[str, Any]:
    row = _object(line)
    if row is None:
        raise RefusedError(
            Reason.MALFORMED_JSON,
            f"The first line is not one whole JSON object: {line[:SHOWN].decode(errors='replace')!r}."
            " An object must not span several lines: `jq -c . in.json > out.jsonl` writes each on a line of its own."
            " Drop the file again.",
            first_line=line[:SHOWN].decode(errors="replace"),
        )
    return row


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
