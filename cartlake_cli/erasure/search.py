"""Who a customer id stands for: the ids of all records of that person, and contacts that nobody else has."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from cartlake_cli.erasure.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pyiceberg.table import Table as IcebergTable

    from cartlake.contracts import Table

CONTACT: Final = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]+|\+?[0-9][0-9 ()/-]{6,20}")
"""Matches an e-mail address or a phone number: personal data that names a person wherever it stands."""
Load = "Callable[[str], IcebergTable | None]"


def find_subject(
    customer_id: str,
    tables: Mapping[str, Table],
    columns: Mapping[str, tuple[str, ...]],
    load: Callable[[str], IcebergTable | None],
) -> Subject:
    """Return the person. `tables` and `columns` are by physical names, and `load` returns the stored table.

    Records of one person are those with one identity in a table whose key is a column that names a person, and which
    refers to another such column.
    """
    ids = {customer_id.strip()}
    for name, (own, other) in _identities(tables, columns).items():
        if (stored := load(name)) is not None:
            ids |= _all_of(ids, _pairs(stored, own, other))
    return Subject(frozenset(ids), frozenset(_contacts(ids, tables, columns, load)))


def _identities(tables: Mapping[str, Table], columns: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, str]]:
    """Return key and identity of each table that says which records are of one person."""
    found = {}
    for name, persons in columns.items():
        referring = {one.column for one in tables[name].references}
        others = [column for column in persons if column in referring and column not in tables[name].primary_key]
        if len(tables[name].primary_key) == 1 and tables[name].primary_key[0] in persons and others:
            found[name] = (tables[name].primary_key[0], others[0])
    return found


def _pairs(stored: IcebergTable, own: str, other: str) -> Iterator[tuple[str, str]]:
    for batch in stored.scan(selected_fields=(own, other)).to_arrow_batch_reader():
        yield from zip(batch.column(own).to_pylist(), batch.column(other).to_pylist(), strict=True)


def _all_of(ids: Iterable[str], pairs: Iterable[tuple[str, str]]) -> set[str]:
    """Return the ids with all that share an identity with one of them, and that identity."""
    members: dict[str, set[str]] = {}
    identity_of: dict[str, str] = {}
    for record, identity in pairs:
        members.setdefault(identity, set()).add(record)
        identity_of[record] = identity
    known = {identity_of.get(one, one) for one in ids}
    return set(ids).union(*({identity, *members[identity]} for identity in known if identity in members))


def _contacts(
    ids: Iterable[str],
    tables: Mapping[str, Table],
    columns: Mapping[str, tuple[str, ...]],
    load: Callable[[str], IcebergTable | None],
) -> set[str]:
    wanted = pa.array(sorted(ids), pa.string())
    own: set[str] = set()
    sources: deque[tuple[IcebergTable, Sequence[str], Sequence[str]]] = deque()
    for name, persons in columns.items():
        personal = [one.name for one in tables[name].columns if one.pii and one.type == "string"]
        stored = load(name) if personal else None
        if stored is not None and stored.current_snapshot() is not None:
            sources.append((stored, persons, personal))
    for source in sources:
        for theirs, rows in _split(source, wanted):
            own |= _texts(rows.filter(theirs), source[2])
    shared: set[str] = set()
    for source in sources if own else ():
        for theirs, rows in _split(source, wanted):
            shared |= own & _texts(rows.filter(pc.invert(theirs)), source[2])
    return own - shared


def _split(
    source: tuple[IcebergTable, Sequence[str], Sequence[str]], wanted: pa.Array
) -> Iterator[tuple[pa.Array, pa.RecordBatch]]:
    stored, persons, personal = source
    for batch in stored.scan(selected_fields=(*persons, *personal)).to_arrow_batch_reader():
        found = pa.array([False] * batch.num_rows, pa.bool_())
        for name in persons:
            found = pc.or_(found, pc.is_in(batch.column(name).cast(pa.string()), wanted))
        yield found, batch


def _texts(rows: pa.RecordBatch, columns: Sequence[str]) -> set[str]:
    return {
        text
        for name in columns
        for text in pc.unique(rows.column(name)).to_pylist()
        if text is not None and CONTACT.fullmatch(text)
    }
