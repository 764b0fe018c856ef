"""JSON functions. Paths must be literals: they are checked, because Trino and DuckDB differ in all but simple ones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from localaws.athena.errors import UnsupportedSqlError
from localaws.athena.sql.expressions import casts
from localaws.athena.sql.scope import Typed
from localaws.athena.trino_types import BIGINT, BOOLEAN, JSON, VARCHAR, literal

if TYPE_CHECKING:
    from localaws.athena.sql.functions.registry import Handler, Invocation

_STEP = re.compile(r"""\.([A-Za-z_]\w*)|\["([^"\\]+)"\]|\[(\d+)\]""")


def _document(call: Invocation) -> str:
    value = call.value(0)
    if value.type.name == "json":
        return value.sql
    text = casts.expect(value, VARCHAR, call.name).sql
    # Trino returns NULL for text that is not JSON, DuckDB fails.
    return f"(CASE WHEN json_valid({text}) THEN CAST({text} AS JSON) END)"


def _path(call: Invocation, index: int = 1) -> str:
    """Return a path of names and indexes in DuckDB's notation. Raises UnsupportedSqlError for any other path."""
    written = call.text(index)
    text = re.sub(r"^(lax|strict)\s+", "", written.strip())
    if written.strip().startswith("strict"):  # which fails for a missing member
        raise UnsupportedSqlError("JSON path mode strict")
    steps, end = [], 1
    while matched := _STEP.match(text, end):
        name = matched[1] or matched[2]
        steps.append(f'."{name}"' if name else f"[{matched[3]}]")
        end = matched.end()
    if not text.startswith("$") or end != len(text):
        raise UnsupportedSqlError(f"JSON path {written!r}")
    return literal("$" + "".join(steps))


def _extract(call: Invocation) -> Typed:
    call.arity(2)
    return Typed(f"json_extract({_document(call)}, {_path(call)})", JSON)


def _extract_scalar(call: Invocation) -> Typed:
    call.arity(2)
    return Typed(f"trino_json_scalar({_document(call)}, {_path(call)})", VARCHAR)


def _query(call: Invocation) -> Typed:
    call.arity(2)
    path = _path(call)
    return Typed(f"trino_json_query({_document(call)}, {path})", VARCHAR)


def _parse(call: Invocation) -> Typed:
    call.arity(1)
    return Typed(f"CAST({casts.expect(call.value(0), VARCHAR, call.name).sql} AS JSON)", JSON)


def _format(call: Invocation) -> Typed:
    call.arity(1)
    value = call.value(0)
    if value.type.name != "json":
        raise call.mismatch([value])
    # json() removes the spaces between tokens, as Trino does.
    return Typed(f"CAST(json(CAST({value.sql} AS VARCHAR)) AS VARCHAR)", VARCHAR)


def _array_length(call: Invocation) -> Typed:
    call.arity(1)
    document = _document(call)
    return Typed(
        f"CASE WHEN json_type({document}) = 'ARRAY' THEN CAST(json_array_length({document}) AS BIGINT) END", BIGINT
    )


def _array_contains(call: Invocation) -> Typed:
    call.arity(2)
    item = call.value(1)
    if item.type.name not in {"integer", "bigint", "boolean", "varchar"}:
        raise UnsupportedSqlError(f"json_array_contains of {item.type}")
    wanted = f"to_json({item.sql})"
    document = _document(call)
    return Typed(
        f"CASE WHEN json_type({document}) = 'ARRAY' THEN list_contains(CAST({document} AS JSON[]), {wanted}) END",
        BOOLEAN,
    )


def _array_get(call: Invocation) -> Typed:
    call.arity(2)
    index = casts.expect(call.value(1), BIGINT, call.name)
    document = _document(call)
    return Typed(f"CASE WHEN json_type({document}) = 'ARRAY' THEN json_extract({document}, {index.sql}) END", JSON)


def _size(call: Invocation) -> Typed:
    call.arity(2)
    return Typed(f"trino_json_size({_document(call)}, {_path(call)})", BIGINT)


def _is_scalar(call: Invocation) -> Typed:
    call.arity(1)
    return Typed(f"(json_type({_document(call)}) NOT IN ('OBJECT', 'ARRAY'))", BOOLEAN)


HANDLERS: dict[str, Handler] = {
    "json_extract": _extract,
    "json_extract_scalar": _extract_scalar,
    "json_value": _extract_scalar,
    "json_query": _query,
    "json_parse": _parse,
    "json_format": _format,
    "json_array_length": _array_length,
    "json_array_contains": _array_contains,
    "json_array_get": _array_get,
    "json_size": _size,
    "is_json_scalar": _is_scalar,
}
