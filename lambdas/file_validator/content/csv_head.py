"""Check the first lines of a CSV file: its header against the contract, and whether any row follows it."""

import csv
import re
from collections.abc import Iterable
from typing import Final

from lambdas.file_validator.content.columns import check_columns, columns_called
from lambdas.file_validator.content.refusal import Reason, RefusedError
from lambdas.file_validator.content.rules import FileRules

DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
BLANK_LINES: Final = re.compile(rb"\A(?:[ \t]*\r?\n)+")
SHOWN: Final = 200


class CsvHead:
    """Feed it chunks whose lines are known to be short and UTF-8, then `finish`. It keeps no more than the header.

    Both raise RefusedError at the first fault.
    """

    def __init__(self, rules: FileRules) -> None:
        self._rules = rules.of_csv
        self._start = b""
        self._has_rows = False
        self.header: list[str] = []

    def feed(self, chunk: bytes) -> None:
        if self._has_rows:
            return
        if not self.header:
            line, newline, chunk = BLANK_LINES.sub(b"", self._start + chunk).partition(b"\n")
            if not newline:
                self._start = line
                return
            self.header = read_header(line, self._rules)
        self._has_rows = bool(chunk.strip())

    def finish(self) -> None:
        if not self.header:
            if not self._start.strip():
                raise RefusedError(
                    Reason.EMPTY_FILE, "The file holds no text at all. Drop it again with a header and rows."
                )
            self.header = read_header(self._start, self._rules)
        if not self._has_rows:
            raise RefusedError(
                Reason.NO_ROWS,
                "The file has a header and no rows. If there is nothing to send, send no file.",
                header=self.header,
            )


def read_header(line: bytes, rules: FileRules) -> list[str]:
    """Return the columns in file order, by the contract's names. Raises RefusedError if they do not fit it."""
    text = line.rstrip(b"\r").decode()
    if "\r" in text:
        raise RefusedError(
            Reason.WRONG_LINE_ENDINGS,
            "The lines end in carriage returns alone, as on old Macs. Convert them to line feeds and drop it again.",
        )
    names = _split(text, rules.delimiter, rules.quote)
    if not {rules.base_of(rules.column_of(name)) for name in names} & set(rules.names):
        _refuse_delimiter(text, rules)
        _refuse_headless(names, text, rules)
    columns = columns_called(names, rules)
    check_columns(columns, rules)
    return columns


def _split(text: str, delimiter: str, quote: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=delimiter, quotechar=quote), [])
    except csv.Error:  # a field beyond the module's own limit of 128 KiB: no column name
        return [text]


def _refuse_delimiter(text: str, rules: FileRules) -> None:
    for delimiter in DELIMITERS.keys() - {rules.delimiter}:
        names = _split(text, delimiter, rules.quote)
        if len(names) > 1 and _known(names, rules) * 2 >= len(names):
            expected, found = _name(rules.delimiter), _name(delimiter)
            raise RefusedError(
                Reason.WRONG_DELIMITER,
                f"The columns are separated by {found}, but the contract asks for {expected}."
                f" Export the file with {expected} and drop it again.",
                found=delimiter,
                expected=rules.delimiter,
            )


def _refuse_headless(names: Iterable[str], text: str, rules: FileRules) -> None:
    if not any(_resembles(name, rules) for name in names):
        raise RefusedError(
            Reason.MISSING_HEADER,
            f"The first line names no column of the contract: {text[:SHOWN]!r}."
            f" Start the file with a header: {rules.delimiter.join(rules.names)}",
            first_line=text[:SHOWN],
            expected=rules.names,
        )


def _known(names: Iterable[str], rules: FileRules) -> int:
    return sum(
        rules.base_of(rules.column_of(name)) in rules.names or name.strip().lower() in rules.names for name in names
    )


def _resembles(name: str, rules: FileRules) -> bool:
    return name.strip().lower().replace(" ", "_") in rules.names


def _name(delimiter: str) -> str:
    return f"{DELIMITERS.get(delimiter, 'another character')} ({delimiter!r})"
