"""Maps, and the functions of maps that take lambdas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena.sql.expressions import casts
from localaws.athena.sql.scope import Typed
from localaws.athena.trino_types import BOOLEAN, UNKNOWN, TrinoType, array, map_of, row

if TYPE_CHECKING:
    from collections.abc import Callable

    from localaws.athena.sql.functions.registry import Handler, Invocation


def _map(call: Invocation) -> Typed:
    call.arity(0, 2)
    if not call.nodes:
        return Typed("MAP {}", map_of(UNKNOWN, UNKNOWN))
    keys, values = call.value_of_type(0, "array"), call.value_of_type(1, "array")
    return Typed(f"MAP({keys.sql}, {values.sql})", map_of(keys.type.element, values.type.element))


def _on_map(template: str, returns: Callable[[TrinoType], TrinoType]) -> Handler:
    def handle(call: Invocation) -> Typed:
        call.arity(1)
        value = call.value_of_type(0, "map")
        return Typed(template.format(value.sql), returns(value.type))

    return handle


def _map_concat(call: Invocation) -> Typed:
    values, kind = casts.unify([call.value_of_type(i, "map") for i in range(len(call.nodes))], "maps")
    return Typed(f"map_concat({', '.join(value.sql for value in values)})", kind)


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


HANDLERS: dict[str, Handler] = {
    "map": _map,
    "map_keys": _on_map("map_keys({0})", lambda kind: array(kind.args[0])),
    "map_values": _on_map("map_values({0})", lambda kind: array(kind.args[1])),
    "map_entries": _on_map("trino_map_entries({0})", lambda kind: array(row(("", kind.args[0]), ("", kind.args[1])))),
    "map_concat": _map_concat,
    "map_filter": _map_filter,
    "transform_keys": _transform_entries("{1}", "{0}.value"),
    "transform_values": _transform_entries("{0}.key", "{1}"),
}
