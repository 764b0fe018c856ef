"""The text of a drafted contract: YAML in which every guess is followed by a comment that says what supports it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from cartlake.contracts.defaults import PHYSICAL_TYPES
from cartlake.contracts.names import UNUSABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cartlake_cli.contracts.drafts.guesses import ColumnDraft, Guess


@dataclass(frozen=True)
class TableDraft:
    """What is guessed of a dataset. `version` is the column that orders the rows of a key, None without a time."""

    name: str
    file: str
    rows: int
    kind: str
    delimiter: str
    left_out: int
    columns: tuple[ColumnDraft, ...]
    key: tuple[str, ...]
    key_why: str
    version: str | None
    times: int


def text_of(draft: TableDraft) -> str:
    """Return the contract file."""
    return "\n".join(_lines(draft)) + "\n"


def _lines(draft: TableDraft) -> Iterator[str]:
    yield f"# Drafted from {draft.rows:,} rows of {draft.file}. Correct what is guessed wrong."
    if draft.left_out:
        yield f"# Left out: {draft.left_out:,} rows with another number of columns, or a quote that is not closed."
    yield "apiVersion: v3.1.0"
    yield "kind: DataContract"
    yield f"id: cartlake.{draft.name}"
    yield f"name: {draft.name}"
    yield "version: 1.0.0"
    yield "status: draft"
    yield "schema:"
    yield f"  - name: {draft.name}"
    yield from _times(draft)
    yield "    properties:"
    for column in draft.columns:
        yield from _column(column, draft)
    rules = [rule for column in draft.columns for rule in column.rules]
    if rules:
        yield "    # Warnings only: rows that break them are loaded and counted."
        yield "    quality:"
    for name, guess in rules:
        yield f"      - name: {name}"
        yield "        type: custom"
        yield "        engine: cartlake"
        yield f"        implementation: {_scalar(guess.text)}{_because(guess)}"
        yield "        severity: warning"
    yield "customProperties:"
    yield "  - property: cartlake.file"
    yield "    value:"
    yield f"      formats: [{draft.kind}]"
    if draft.delimiter != ",":
        yield "      csv:"
        yield f"        delimiter: {_scalar(draft.delimiter)}"


def _times(draft: TableDraft) -> Iterator[str]:
    if draft.version is None:
        if draft.times:
            yield "    # No column has a time in every row, so the file received last wins."
            yield from _property("    ", "cartlake.versionColumn", "_received_at")
            yield from _property("    ", "cartlake.eventTime", "_received_at", more=True)
        else:
            yield "    # No column has a time, so of two rows with the same key that of the file received last wins."
    elif draft.times > 1:
        yield "    # Guessed: of two rows with the same key the one with the later value wins."
        yield from _property("    ", "cartlake.versionColumn", draft.version)
        yield "      # Guessed: the time a row belongs to. Choose the one that never changes for a key."
        yield from _property("    ", "cartlake.eventTime", draft.version, more=True)


def _property(indent: str, name: str, value: str, *, more: bool = False) -> Iterator[str]:
    if not more:
        yield f"{indent}customProperties:"
    yield f"{indent}  - property: {name}"
    yield f"{indent}    value: {value}"


def _column(column: ColumnDraft, draft: TableDraft) -> Iterator[str]:
    yield f"      - name: {column.name}"
    if column.header is not None and (UNUSABLE.search(column.header) or column.header.startswith(("_", " "))):
        yield f"        # The file calls it {_scalar(column.header)}, which a contract cannot: rename it in the file."
    elif column.header is not None:
        yield f"        physicalName: {_scalar(column.header)}"
    yield f"        logicalType: {column.logical_type}{_because(column.type)}"
    if PHYSICAL_TYPES.get(column.logical_type) != column.type.text:
        yield f"        physicalType: {column.type.text}"
    if column.name in draft.key:
        yield f"        primaryKey: true  # guessed: {draft.key_why}"
    elif column.required is not None:
        yield f"        required: true{_because(column.required)}"
    if column.personal is not None:
        yield f"        tags: [pii]  # guessed: {column.personal.text}, {column.personal.why}"
    elif column.example is not None and len(column.example) <= 40 and "<" not in column.type.text:  # noqa: PLR2004 -- longer ones are no help
        yield f"        examples: [{_scalar(column.example)}]"


def _because(guess: Guess) -> str:
    return f"  # guessed: {guess.why}"


def _scalar(value: str) -> str:
    """Return a text as YAML on one line: as it is where YAML reads that as the same text, else as JSON writes it."""
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_ -]*", value) and yaml.safe_load(value) == value
    return value if plain else json.dumps(value, ensure_ascii=False)


def columns_with_time(columns: Sequence[ColumnDraft]) -> int:
    """Return how many columns are dates or timestamps."""
    return sum(column.type.text in {"date", "timestamp"} for column in columns)
