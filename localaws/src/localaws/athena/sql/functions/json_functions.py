"""JSON functions. Values of type json are texts without spaces; Python reads and writes them as Trino does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.scalar.json_texts import steps
from localaws.athena.scalar.signature import ScalarError
from localaws.athena.sql.expressions import casts
from localaws.athena.sql.scope import Typed
from localaws.athena.trino_types import BIGINT, BOOLEAN, INTEGER_DIGITS, JSON, VARCHAR, TrinoType

if TYPE_CHECKING:
    from localaws.athena.sql.functions.registry import Handler, Invocation


def _document(call: Invocation) -> str:
    value = call.value(0)
    return casts.expect(Typed(value.sql, VARCHAR) if value.type.name == "json" else value, VARCHAR, call.name).sql


def _path(call: Invocation) -> str:
    value = casts.expect(call.value(1), VARCHAR, call.name)
    if value.constant is not None:
        try:
            steps(value.constant)
        except ScalarError as error:
            raise AthenaError(*str(error).split(": ", 1)) from error
    return value.sql


def _at_path(function: str, kind: TrinoType) -> Handler:
    def handle(call: Invocation) -> Typed:
        call.arity(2)
        found = f"{function}({_document(call)}, {_path(call)})"
        return Typed(f"CAST({found} AS JSON)" if kind.name == "json" else found, kind)

    return handle


def _parse(call: Invocation) -> Typed:
    call.arity(1)
    text = casts.expect(call.value(0), VARCHAR, call.name)
    return Typed(f"CAST(trino_json_parse({text.sql}) AS JSON)", JSON)


def _format(call: Invocation) -> Typed:
    call.arity(1)
    return Typed(f"CAST({call.value_of_type(0, 'json').sql} AS VARCHAR)", VARCHAR)


def _array_length(call: Invocation) -> Typed:
    call.arity(1)
    document = _valid(call)
    return Typed(
        f"CASE WHEN json_type({document}) = 'ARRAY' THEN CAST(json_array_length({document}) AS BIGINT) END", BIGINT
    )


def _valid(call: Invocation) -> str:
    """Return SQL of the document, NULL for a text that is not JSON."""
    document = _document(call)
    return f"(CASE WHEN json_valid({document}) THEN CAST({document} AS JSON) END)"


def _array_contains(call: Invocation) -> Typed:
    call.arity(2)
    item = call.value(1)
    name = "bigint" if item.type.name in INTEGER_DIGITS else item.type.name
    if name not in {"bigint", "boolean", "double", "varchar"}:
        raise UnsupportedSqlError(f"json_array_contains of {item.type}")
    wanted = f"CAST({item.sql} AS VARCHAR)"
    return Typed(f"trino_json_array_contains({_document(call)}, {wanted}, '{name}')", BOOLEAN)


def _array_get(call: Invocation) -> Typed:
    call.arity(2)
    index = casts.expect(call.value(1), BIGINT, call.name)
    return Typed(f"CAST(trino_json_array_get({_document(call)}, {index.sql}) AS JSON)", JSON)


def _is_scalar(call: Invocation) -> Typed:
    call.arity(1)
    return Typed(f"(json_type({_valid(call)}) NOT IN ('OBJECT', 'ARRAY'))", BOOLEAN)


HANDLERS: dict[str, Handler] = {
    "json_extract": _at_path("trino_json_extract", JSON),
    "json_extract_scalar": _at_path("trino_json_extract_scalar", VARCHAR),
    "json_parse": _parse,
    "json_format": _format,
    "json_array_length": _array_length,
    "json_array_contains": _array_contains,
    "json_array_get": _array_get,
    "json_size": _at_path("trino_json_size", BIGINT),
    "is_json_scalar": _is_scalar,
}
