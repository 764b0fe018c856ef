"""Arrays, and the functions of arrays that take lambdas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena.errors import UnsupportedSqlError
from localaws.athena.sql.coercion import can_coerce, common_type
from localaws.athena.sql.expressions import casts
from localaws.athena.sql.scope import Typed
from localaws.athena.trino_types import BIGINT, BOOLEAN, DATE, INTEGER_DIGITS, VARCHAR, TrinoType, array, row

if TYPE_CHECKING:
    from collections.abc import Callable

    from localaws.athena.sql.functions.registry import Handler, Invocation

PAIR, TRIPLE = 2, 3


def _on_array(template: str, returns: Callable[[TrinoType], TrinoType] = lambda kind: kind) -> Handler:
    def handle(call: Invocation) -> Typed:
        call.arity(1)
        value = call.value_of_type(0, "array")
        return Typed(template.format(value.sql), returns(value.type))

    return handle


def _with_element(template: str, returns: TrinoType | None) -> Handler:
    """Return the handler of f(array, element), both coerced to one element type."""

    def handle(call: Invocation) -> Typed:
        call.arity(2)
        value, item = call.value_of_type(0, "array"), call.value(1)
        element = common_type(value.type.element, item.type)
        if element is None:
            raise call.mismatch([value, item])
        if element.name in {"array", "map", "row", "char"}:
            raise UnsupportedSqlError(f"Function {call.name} on elements of type {element}")
        whole = casts.coerce(value, array(element))
        return Typed(template.format(whole.sql, casts.coerce(item, element).sql), returns or whole.type)

    return handle


def _on_arrays(template: str, returns: TrinoType | None = None) -> Handler:
    def handle(call: Invocation) -> Typed:
        call.arity(2)
        (one, two), kind = casts.unify([call.value_of_type(i, "array") for i in (0, 1)], f"arguments of {call.name}")
        return Typed(template.format(one.sql, two.sql), returns or kind)

    return handle


def _cardinality(call: Invocation) -> Typed:
    call.arity(1)
    value = call.value_of_type(0, "array", "map")
    return Typed(f"CAST({'len' if value.type.name == 'array' else 'cardinality'}({value.sql}) AS BIGINT)", BIGINT)


def _element_at(call: Invocation) -> Typed:
    call.arity(2)
    value = call.value_of_type(0, "array", "map")
    if value.type.name == "map":
        key = casts.expect(call.value(1), value.type.args[0], "element_at")
        return Typed(f"({value.sql})[{key.sql}]", value.type.element)
    index = casts.expect(call.value(1), BIGINT, "element_at")
    return Typed(f"trino_element_at({value.sql}, {index.sql})", value.type.element)


def _array_join(call: Invocation) -> Typed:
    call.arity(2, 3)
    value = call.value_of_type(0, "array")
    texts = casts.cast(value, array(VARCHAR)).sql
    separator = casts.expect(call.value(1), VARCHAR, "array_join").sql
    if len(call.nodes) == TRIPLE:
        item = call.fresh()
        texts = f"list_transform({texts}, LAMBDA {item} : coalesce({item}, {call.value(2).sql}))"
    return Typed(f"array_to_string({texts}, {separator})", VARCHAR)


def _array_sort(call: Invocation) -> Typed:
    if len(call.nodes) != 1:
        raise UnsupportedSqlError("array_sort with a comparator")
    return _on_array("list_sort({0}, 'ASC', 'NULLS LAST')")(call)


def _lambda_over(template: str, keeps: bool) -> Handler:  # noqa: FBT001 -- says whether the array's type stays
    def handle(call: Invocation) -> Typed:
        call.arity(2)
        value, item = call.value_of_type(0, "array"), call.fresh()
        body = call.lambda_body(1, [Typed(item, value.type.element)])
        if keeps:
            body = casts.expect(body, BOOLEAN, call.name)
        return Typed(template.format(value.sql, item, body.sql), value.type if keeps else array(body.type))

    return handle


def _match(template: str) -> Handler:
    def handle(call: Invocation) -> Typed:
        call.arity(2)
        value, item = call.value_of_type(0, "array"), call.fresh()
        body = casts.expect(call.lambda_body(1, [Typed(item, value.type.element)]), BOOLEAN, call.name)
        return Typed(template.format(f"list_transform({value.sql}, LAMBDA {item} : {body.sql})"), BOOLEAN)

    return handle


def _reduce(call: Invocation) -> Typed:
    call.arity(4)
    value, start = call.value_of_type(0, "array"), call.value(1)
    state, item = call.fresh(), call.fresh()
    # The type of the state is that of the step, which may be wider than that of the start value.
    kind = call.lambda_body(2, [Typed(state, start.type), Typed(item, value.type.element)]).type
    start = casts.expect(start, kind, "reduce")
    step = casts.expect(call.lambda_body(2, [Typed(state, kind), Typed(item, value.type.element)]), kind, "reduce")
    if value.type.element.name != kind.name and not can_coerce(value.type.element, kind):
        raise UnsupportedSqlError("reduce whose state is of another type than the elements")
    items = casts.coerce(value, array(kind)).sql
    # The step was compiled for the elements' own type; here the elements have the type of the state.
    step = casts.expect(call.lambda_body(2, [Typed(state, kind), Typed(item, kind)]), kind, "reduce")
    reduced = f"list_reduce({items}, LAMBDA {state}, {item} : {step.sql}, {start.sql})"
    return call.lambda_body(3, [Typed(reduced, kind)])


def _zip(call: Invocation) -> Typed:
    values = [call.value_of_type(i, "array") for i in range(len(call.nodes))]
    kind = row(*(("", value.type.element) for value in values))
    item = call.fresh()
    fields = ", ".join(f'"{name}" := {item}[{i + 1}]' for i, name in enumerate(kind.storage_fields))
    zipped = f"list_zip({', '.join(v.sql for v in values)})"
    return Typed(f"list_transform({zipped}, LAMBDA {item} : struct_pack({fields}))", array(kind))


def _zip_with(call: Invocation) -> Typed:
    call.arity(3)
    one, two, item = call.value_of_type(0, "array"), call.value_of_type(1, "array"), call.fresh()
    body = call.lambda_body(2, [Typed(f"{item}[1]", one.type.element), Typed(f"{item}[2]", two.type.element)])
    return Typed(f"list_transform(list_zip({one.sql}, {two.sql}), LAMBDA {item} : {body.sql})", array(body.type))


def _slice(call: Invocation) -> Typed:
    call.arity(3)
    value = call.value_of_type(0, "array")
    start, length = (casts.expect(call.value(i), BIGINT, "slice").sql for i in (1, 2))
    return Typed(f"trino_slice({value.sql}, {start}, {length})", value.type)


def _sequence(call: Invocation) -> Typed:
    call.arity(2, 3)
    start, stop = call.value(0), call.value(1)
    if start.type.name in INTEGER_DIGITS and stop.type.name in INTEGER_DIGITS:
        step = f", {casts.expect(call.value(2), BIGINT, 'sequence').sql}" if len(call.nodes) == TRIPLE else (
            f", CASE WHEN {start.sql} <= {stop.sql} THEN 1 ELSE -1 END"
        )  # fmt: skip
        return Typed(f"generate_series(CAST({start.sql} AS BIGINT), {stop.sql}{step})", array(BIGINT))
    if start.type.name not in {"date", "timestamp"} or start.type.name != stop.type.name:
        raise call.mismatch([start, stop])
    step_value = call.value(2) if len(call.nodes) == TRIPLE else None
    if step_value is not None and not step_value.type.name.startswith("interval"):
        raise call.mismatch([start, stop, step_value])
    if step_value is None and start.type.name != "date":
        raise call.mismatch([start, stop])
    series = f"generate_series({start.sql}, {stop.sql}, {step_value.sql if step_value else 'INTERVAL 1 DAY'})"
    return Typed(
        f"CAST({series} AS {array(start.type).duckdb})", array(DATE if start.type.name == "date" else start.type)
    )


def _repeat(call: Invocation) -> Typed:
    call.arity(2)
    value, count = call.value(0), casts.expect(call.value(1), BIGINT, "repeat")
    return Typed(f"list_transform(range({count.sql}), LAMBDA {call.fresh()} : {value.sql})", array(value.type))


def _ngrams(call: Invocation) -> Typed:
    call.arity(2)
    value, size = call.value_of_type(0, "array"), casts.expect(call.value(1), BIGINT, "ngrams")
    return Typed(f"trino_ngrams({value.sql}, {size.sql})", array(value.type))


HANDLERS: dict[str, Handler] = {
    "cardinality": _cardinality,
    "element_at": _element_at,
    "contains": _with_element("trino_contains({0}, {1})", BOOLEAN),
    "array_position": _with_element(
        "CAST(CASE WHEN {0} IS NOT NULL AND {1} IS NOT NULL THEN coalesce(list_position({0}, {1}), 0) END AS BIGINT)",
        BIGINT,
    ),
    "array_remove": _with_element("trino_array_remove({0}, {1})", None),
    "array_distinct": _on_array("trino_array_distinct({0})"),
    "array_max": _on_array("trino_array_max({0})", lambda kind: kind.element),
    "array_min": _on_array("trino_array_min({0})", lambda kind: kind.element),
    "array_join": _array_join,
    "array_sort": _array_sort,
    "array_union": _on_arrays("trino_array_distinct(list_concat({0}, {1}))"),
    "array_intersect": _on_arrays("trino_array_intersect({0}, {1})"),
    "array_except": _on_arrays("trino_array_except({0}, {1})"),
    "arrays_overlap": _on_arrays("trino_arrays_overlap({0}, {1})", BOOLEAN),
    "flatten": _on_array("flatten({0})", lambda kind: kind.element),
    "shuffle": _on_array("trino_shuffle({0})"),
    "filter": _lambda_over("list_filter({0}, LAMBDA {1} : {2})", keeps=True),
    "transform": _lambda_over("list_transform({0}, LAMBDA {1} : {2})", keeps=False),
    "any_match": _match("trino_any({0})"),
    "all_match": _match("trino_all({0})"),
    "none_match": _match("(NOT trino_any({0}))"),
    "reduce": _reduce,
    "zip": _zip,
    "zip_with": _zip_with,
    "slice": _slice,
    "sequence": _sequence,
    "repeat": _repeat,
    "ngrams": _ngrams,
}
