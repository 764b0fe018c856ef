"""Maps, and the functions of maps that take lambdas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena.sql.coercion import common_type
from localaws.athena.sql.expressions import casts
from localaws.athena.sql.expressions.failures import failure
from localaws.athena.sql.scope import Typed
from localaws.athena.trino_types import BOOLEAN, UNKNOWN, TrinoType, array, map_of, quote, row

if TYPE_CHECKING:
    from collections.abc import Callable

    from localaws.athena.sql.functions.registry import Handler, Invocation


PAIR = 2


def _map(call: Invocation) -> Typed:
    call.arity(0, 2)
    if not call.nodes:
        return Typed("MAP {}", map_of(UNKNOWN, UNKNOWN))
    keys, values = call.value_of_type(0, "array"), call.value_of_type(1, "array")
    failed = failure(
        f"CASE WHEN len({keys.sql}) <> len({values.sql}) "
        "THEN 'INVALID_FUNCTION_ARGUMENT: Key and value arrays must be the same length' "
        f"WHEN list_contains(list_transform({keys.sql}, LAMBDA map_k : map_k IS NULL), true) "
        "THEN 'INVALID_FUNCTION_ARGUMENT: map key cannot be null' "
        "ELSE 'INVALID_FUNCTION_ARGUMENT: Duplicate map keys are not allowed' END",
        map_of(keys.type.element, values.type.element),
    )
    return Typed(
        f"CASE WHEN {keys.sql} IS NULL OR {values.sql} IS NULL THEN NULL "
        f"WHEN len({keys.sql}) = len({values.sql}) AND len(list_distinct({keys.sql})) = len({keys.sql}) "
        f"THEN MAP({keys.sql}, {values.sql}) ELSE {failed} END",
        map_of(keys.type.element, values.type.element),
    )


def _on_map(template: str, returns: Callable[[TrinoType], TrinoType]) -> Handler:
    def handle(call: Invocation) -> Typed:
        call.arity(1)
        value = call.value_of_type(0, "map")
        return Typed(template.format(value.sql), returns(value.type))

    return handle


def _map_concat(call: Invocation) -> Typed:
    values, kind = casts.unify([call.value_of_type(i, "map") for i in range(len(call.nodes))], "maps")
    known = " AND ".join(f"{value.sql} IS NOT NULL" for value in values)
    return Typed(f"CASE WHEN {known} THEN map_concat({', '.join(value.sql for value in values)}) END", kind)


def _over_entries(call: Invocation) -> tuple[Typed, str, Typed]:
    call.arity(2)
    value, item = call.value_of_type(0, "map"), call.fresh()
    key, item_value = (Typed(f"{item}.{part}", value.type.args[i]) for i, part in enumerate(("key", "value")))
    return value, item, call.lambda_body(1, [key, item_value])


def _map_filter(call: Invocation) -> Typed:
    value, item, body = _over_entries(call)
    kept = f"list_filter(map_entries({value.sql}), LAMBDA {item} : {casts.expect(body, BOOLEAN, call.name).sql})"
    return Typed(f"map_from_entries({kept})", value.type)


def _transform_entries(key: str, item_value: str) -> Handler:
    def handle(call: Invocation) -> Typed:
        value, item, body = _over_entries(call)
        pack = f"struct_pack(key := {key.format(item, body.sql)}, value := {item_value.format(item, body.sql)})"
        kind = map_of(body.type, value.type.args[1]) if "{1}" in key else map_of(value.type.args[0], body.type)
        return Typed(f"map_from_entries(list_transform(map_entries({value.sql}), LAMBDA {item} : {pack}))", kind)

    return handle


def _from_entries(call: Invocation) -> Typed:
    call.arity(1)
    value = call.value_of_type(0, "array")
    entry = value.type.element
    if entry.name != "row" or len(entry.args) != PAIR:
        raise call.mismatch([value])
    item = call.fresh()
    key, held = (f"({item}).{quote(name)}" for name in entry.storage_fields)
    packed = f"list_transform({value.sql}, LAMBDA {item} : struct_pack(key := {key}, value := {held}))"
    kind = map_of(*entry.args)
    failed = failure("'INVALID_FUNCTION_ARGUMENT: map entry cannot be null, keys are neither null nor equal'", kind)
    keys = f"list_transform({packed}, LAMBDA {item} : ({item}).key)"
    return Typed(
        f"CASE WHEN {value.sql} IS NULL THEN NULL WHEN len(list_distinct({keys})) = len({keys}) "
        f"THEN map_from_entries({packed}) ELSE {failed} END",
        kind,
    )


def _multimap_from_entries(call: Invocation) -> Typed:
    call.arity(1)
    value = call.value_of_type(0, "array")
    entry = value.type.element
    if entry.name != "row" or len(entry.args) != PAIR:
        raise call.mismatch([value])
    item = call.fresh()
    key, held = (f"({item}).{quote(name)}" for name in entry.storage_fields)
    packed = f"list_transform({value.sql}, LAMBDA {item} : struct_pack(key := {key}, value := {held}))"
    return Typed(f"trino_multimap({packed})", map_of(entry.args[0], array(entry.args[1])))


def _zip_with(call: Invocation) -> Typed:
    call.arity(3)
    one, two = call.value_of_type(0, "map"), call.value_of_type(1, "map")
    key_kind = common_type(one.type.args[0], two.type.args[0])
    if key_kind is None:
        raise call.mismatch([one, two])
    left, right = (casts.coerce(side, map_of(key_kind, side.type.args[1])) for side in (one, two))
    item = call.fresh()
    parameters = [Typed(item, key_kind), *(Typed(f"({m.sql})[{item}]", m.type.args[1]) for m in (left, right))]
    body = call.lambda_body(2, parameters)
    # The keys of the first map, then those of the second that are new.
    keys = f"trino_array_distinct(list_concat(map_keys({left.sql}), map_keys({right.sql})))"
    packed = f"list_transform({keys}, LAMBDA {item} : struct_pack(key := {item}, value := {body.sql}))"
    return Typed(
        f"CASE WHEN {left.sql} IS NOT NULL AND {right.sql} IS NOT NULL THEN map_from_entries({packed}) END",
        map_of(key_kind, body.type),
    )


HANDLERS: dict[str, Handler] = {
    "map": _map,
    "map_keys": _on_map("map_keys({0})", lambda kind: array(kind.args[0])),
    "map_values": _on_map("map_values({0})", lambda kind: array(kind.args[1])),
    "map_entries": _on_map("trino_map_entries({0})", lambda kind: array(row(("", kind.args[0]), ("", kind.args[1])))),
    "map_concat": _map_concat,
    "map_from_entries": _from_entries,
    "multimap_from_entries": _multimap_from_entries,
    "map_zip_with": _zip_with,
    "map_filter": _map_filter,
    "transform_keys": _transform_entries("{1}", "{0}.value"),
    "transform_values": _transform_entries("{0}.key", "{1}"),
}
