"""Find out of a CSV file whether each of its lines is a record, so that many tasks can read it line by line."""

from cartlake.csv_copies import unquoted
from cartlake.csv_records import CsvLayout


class LineRecords:
    """Feed it the chunks of a text whose lines are known to be short, then `finish`. It keeps about one line."""

    def __init__(self, delimiter: str, quote: str) -> None:
        self._layout = CsvLayout(1, delimiter, quote)
        self._rest: list[bytes] = []
        self._so_far = True

    def feed(self, chunk: bytes) -> None:
        end = chunk.rfind(b"\n") + 1
        if not self._so_far:
            return
        if end:
            self._look_at(chunk[:end])
        if end < len(chunk):
            self._rest.append(chunk[end:])

    def finish(self) -> bool:
        """Return whether quotes are around whole fields of one line only, and carriage returns before line feeds."""
        if self._rest:
            self._look_at(b"\n")
        return self._so_far

    def _look_at(self, end: bytes) -> None:
        self._so_far = self._so_far and unquoted(b"".join([*self._rest, end]), self._layout) is not None
        self._rest = []
