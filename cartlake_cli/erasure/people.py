"""Which rows of a table are a person's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cartlake_cli.erasure.subject import Subject

Rows = "Callable[[pa.Table], pa.Array]"


def named_rows(subject: Subject, columns: Sequence[str]) -> Callable[[pa.Table], pa.ChunkedArray]:
    """Return the function that says of each row whether one of these columns names the person."""
    ids = pa.array(sorted(subject.ids), pa.string())

    def theirs(rows: pa.Table) -> pa.ChunkedArray:
        found = pa.chunked_array([pa.array([False] * rows.num_rows, pa.bool_())])
        for name in columns:
            values = pc.utf8_trim_whitespace(rows.column(name).cast(pa.string()))
            found = pc.or_(found, pc.fill_null(pc.is_in(values, ids), False))  # noqa: FBT003 - pyarrow's signature
        return found

    return theirs


def mentioning_rows(subject: Subject, column: str) -> Callable[[pa.Table], pa.ChunkedArray]:
    """Return the function that says of each row whether the text of a column mentions the person."""

    def theirs(rows: pa.Table) -> pa.ChunkedArray:
        texts = rows.column(column).cast(pa.string()).to_pylist()
        found = [text is not None and subject.mention.search(text.encode()) is not None for text in texts]
        return pa.chunked_array([pa.array(found, pa.bool_())])

    return theirs
