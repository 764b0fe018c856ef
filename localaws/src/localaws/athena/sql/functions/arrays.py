"""Arrays, and the functions of arrays that take lambdas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena.errors import UnsupportedSqlError
from localaws.athena.sql.coercion import common_type
from localaws.athena.sql.expressions import casts, operators
from localaws.athena.sql.scope import Typed
from localaws.athena.trino_types import BIGINT, BOOLEAN, DATE, INTEGER, INTEGER_DIGITS, VARCHAR, TrinoType, array, row

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


def _flatten(call: Invocation) -> Typed:
    call.arity(1)
    value = call.value_of_type(0, "array")
    if value.type.element.name not in {"array", "unknown"}:
        raise call.mismatch([value])
    return Typed(f"flatten({value.sql})", value.type.element)


def _with_element(template: str, nested: str, returns: TrinoType | None) -> Handler:
    """Return the handler of f(array, element), both coerced to one element type.

    `nested` is the template for elements that DuckDB compares differently: {2} is the list of their comparisons.
    """

    def handle(call: Invocation) -> Typed:
        call.arity(2)
        value, item = call.value_of_type(0, "array"), call.value(1)
        element = common_type(value.type.element, item.type)
        if element is None:
            raise call.mismatch([value, item])
        whole, wanted = casts.coerce(value, array(element)), casts.coerce(item, element)
        if element.name not in _COMPARED_BY_RULES:
            return Typed(template.format(whole.sql, wanted.sql), returns or whole.type)
        each = call.fresh()
        equal = operators.compare("=", Typed(each, element), wanted).sql
        verdicts = f"list_transform({whole.sql}, LAMBDA {each} : {equal})"
        found = nested.format(whole.sql, wanted.sql, verdicts)
        return Typed(f"CASE WHEN {wanted.sql} IS NOT NULL THEN {found} END", returns or whole.type)

    return handle


_COMPARED_BY_RULES = frozenset({"array", "map", "row", "char", "double", "real"})


def _on_arrays(template: str, returns: TrinoType | None = None) -> Handler:
    def handle(call: Invocation) -> Typed:
        call.arity(2)
        (one, two), kind = casts.unify([call.value_of_type(i, "array") for i in (0, 1)], f"arguments of {call.name}")
        guarded = (
            f"CASE WHEN {one.sql} IS NOT NULL AND {two.sql} IS NOT NULL THEN {template.format(one.sql, two.sql)} END"
        )
        return Typed(guarded, returns or kind)

    return handle


def _cardinality(call: Invocation) -> Typed:
    call.arity(1)
    value = call.value_of_type(0, "array", "map", "hyperloglog")
    return Typed(f"CAST({'cardinality' if value.type.name == 'map' else 'len'}({value.sql}) AS BIGINT)", BIGINT)


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
    others = [casts.expect(call.value(i), VARCHAR, "array_join").sql for i in range(1, len(call.nodes))]
    if len(call.nodes) == TRIPLE:
        item = call.fresh()
        texts = f"list_transform({texts}, LAMBDA {item} : coalesce({item}, {others[1]}))"
    known = " AND ".join(f"{other} IS NOT NULL" for other in others)
    return Typed(f"CASE WHEN {known} THEN array_to_string({texts}, {others[0]}) END", VARCHAR)


def _array_sort(call: Invocation) -> Typed:
    if len(call.nodes) == PAIR:
        return _sorted_by_comparator(call)
    return _on_array("list_sort({0}, 'ASC', 'NULLS LAST')")(call)


def _sorted_by_comparator(call: Invocation) -> Typed:
    """Compile array_sort(array, comparator): the place of an element is the number of those that come before it."""
    value = call.value_of_type(0, "array")
    item, other, place, other_place = (call.fresh() for _ in range(4))
    kind = value.type.element
    order = casts.expect(call.lambda_body(1, [Typed(other, kind), Typed(item, kind)]), BIGINT, "array_sort").sql
    before = (
        f"list_filter({value.sql}, LAMBDA {other}, {other_place} : "
        f"{order} < 0 OR ({order} = 0 AND {other_place} < {place}))"
    )
    ranked = f"list_transform({value.sql}, LAMBDA {item}, {place} : struct_pack(k := len({before}), v := {item}))"
    return Typed(f"list_transform(list_sort({ranked}), LAMBDA {item} : {item}.v)", value.type)


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


def reduced(call: Invocation, value: Typed, start: Typed) -> Typed:
    """Return the state after all elements, by the lambda that is the third argument."""
    one, two = call.fresh(), call.fresh()
    element = value.type.element
    # The type of the state is that of the step, which may be wider than that of the start value.
    kind = call.lambda_body(2, [Typed("s", start.type), Typed("e", element)]).type
    start = casts.expect(start, kind, call.name)
    step = casts.expect(
        call.lambda_body(2, [Typed(f"({one}).s", kind), Typed(f"({two}).e", element)]), kind, call.name
    ).sql
    # DuckDB's state has the type of the elements, so both are one struct: elements fill `e`, the state fills `s`.
    no_state, no_element = f"CAST(NULL AS {kind.duckdb})", f"CAST(NULL AS {element.duckdb})"
    items = f"list_transform({value.sql}, LAMBDA {one} : struct_pack(s := {no_state}, e := {one}))"
    first = f"struct_pack(s := CAST({start.sql} AS {kind.duckdb}), e := {no_element})"
    packed = f"struct_pack(s := CAST({step} AS {kind.duckdb}), e := {no_element})"
    return Typed(f"(list_reduce({items}, LAMBDA {one}, {two} : {packed}, {first})).s", kind)


def _reduce(call: Invocation) -> Typed:
    call.arity(4)
    value = call.value_of_type(0, "array")
    state = reduced(call, value, call.value(1))
    result = call.lambda_body(3, [Typed(f"({state.sql})", state.type)])
    return Typed(f"CASE WHEN {value.sql} IS NOT NULL THEN {result.sql} END", result.type)


def _zip(call: Invocation) -> Typed:
    values = [call.value_of_type(i, "array") for i in range(len(call.nodes))]
    if len(values) < PAIR:
        raise call.mismatch(values)
    kind = row(*(("", value.type.element) for value in values))
    item = call.fresh()
    fields = ", ".join(f'"{name}" := {item}[{i + 1}]' for i, name in enumerate(kind.storage_fields))
    zipped = f"list_zip({', '.join(v.sql for v in values)})"
    known = " AND ".join(f"{value.sql} IS NOT NULL" for value in values)
    packed = f"list_transform({zipped}, LAMBDA {item} : struct_pack({fields}))"
    return Typed(f"CASE WHEN {known} THEN {packed} END", array(kind))


def _zip_with(call: Invocation) -> Typed:
    call.arity(3)
    one, two, item = call.value_of_type(0, "array"), call.value_of_type(1, "array"), call.fresh()
    body = call.lambda_body(2, [Typed(f"{item}[1]", one.type.element), Typed(f"{item}[2]", two.type.element)])
    zipped = f"list_transform(list_zip({one.sql}, {two.sql}), LAMBDA {item} : {body.sql})"
    return Typed(f"CASE WHEN {one.sql} IS NOT NULL AND {two.sql} IS NOT NULL THEN {zipped} END", array(body.type))


def _trim_array(call: Invocation) -> Typed:
    call.arity(2)
    value, size = call.value_of_type(0, "array"), casts.expect(call.value(1), BIGINT, call.name)
    return Typed(f"trino_trim_array({value.sql}, {size.sql})", value.type)


def _combinations(call: Invocation) -> Typed:
    call.arity(2)
    value = call.value_of_type(0, "array")
    size = casts.expect(call.value(1), INTEGER, call.name)
    chosen, index = call.fresh(), call.fresh()
    places = f"trino_combinations(len({value.sql}), {size.sql})"
    picked = f"list_transform({chosen}, LAMBDA {index} : ({value.sql})[{index}])"
    return Typed(f"list_transform({places}, LAMBDA {chosen} : {picked})", array(value.type))


def _contains_sequence(call: Invocation) -> Typed:
    call.arity(2)
    (whole, part), kind = casts.unify([call.value_of_type(i, "array") for i in (0, 1)], f"arguments of {call.name}")
    if kind.element.name in {"array", "map", "row", "char"}:
        raise UnsupportedSqlError(f"Function {call.name} on elements of type {kind.element}")
    start = call.fresh()
    slices = f"range(1, len({whole.sql}) - len({part.sql}) + 2)"
    found = f"list_filter({slices}, LAMBDA {start} : ({whole.sql})[{start}:{start} + len({part.sql}) - 1] = {part.sql})"
    return Typed(f"CASE WHEN {whole.sql} IS NOT NULL AND {part.sql} IS NOT NULL THEN len({found}) > 0 END", BOOLEAN)


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
        return Typed(f"trino_sequence(CAST({start.sql} AS BIGINT), CAST({stop.sql} AS BIGINT){step})", array(BIGINT))
    if start.type.name not in {"date", "timestamp"} or start.type.name != stop.type.name:
        raise call.mismatch([start, stop])
    step_value = call.value(2) if len(call.nodes) == TRIPLE else None
    if step_value is not None and not step_value.type.name.startswith("interval"):
        raise call.mismatch([start, stop, step_value])
    if step_value is None and start.type.name != "date":
        raise call.mismatch([start, stop])
    if step_value is not None and step_value.type.name == "interval year to month":
        return _months(call, start, stop, step_value)
    series = f"generate_series({start.sql}, {stop.sql}, {step_value.sql if step_value else 'INTERVAL 1 DAY'})"
    return Typed(
        f"CAST({series} AS {array(start.type).duckdb})", array(DATE if start.type.name == "date" else start.type)
    )


def _months(call: Invocation, start: Typed, stop: Typed, step: Typed) -> Typed:
    """Compile a sequence of months, each counted from the start: the last days of months stay last days."""
    months = f"CAST(date_part('year', {step.sql}) * 12 + date_part('month', {step.sql}) AS BIGINT)"
    place = call.fresh()
    each = f"CAST({start.sql} + to_months(CAST({place} * {months} AS INTEGER)) AS {start.type.duckdb})"
    count = f"date_sub('month', {start.sql}, {stop.sql}) // {months} + 1"
    return Typed(f"list_transform(range({count}), LAMBDA {place} : {each})", array(start.type))


def _repeat(call: Invocation) -> Typed:
    call.arity(2)
    value, count = call.value(0), casts.expect(call.value(1), BIGINT, "repeat")
    repeated = f"list_transform(range({count.sql}), LAMBDA {call.fresh()} : {value.sql})"
    return Typed(f"trino_checked_count({count.sql}, {repeated})", array(value.type))


def _ngrams(call: Invocation) -> Typed:
    call.arity(2)
    value, size = call.value_of_type(0, "array"), casts.expect(call.value(1), BIGINT, "ngrams")
    return Typed(f"trino_ngrams({value.sql}, {size.sql})", array(value.type))


HANDLERS: dict[str, Handler] = {
    "cardinality": _cardinality,
    "element_at": _element_at,
    "contains": _with_element("trino_contains({0}, {1})", "trino_any({2})", BOOLEAN),
    "array_position": _with_element(
        "CAST(CASE WHEN {0} IS NOT NULL AND {1} IS NOT NULL THEN coalesce(list_position({0}, {1}), 0) END AS BIGINT)",
        "CAST(CASE WHEN {0} IS NOT NULL THEN coalesce(list_position({2}, true), 0) END AS BIGINT)",
        BIGINT,
    ),
    "array_remove": _with_element(
        "trino_array_remove({0}, {1})",
        "list_filter({0}, LAMBDA rest_e, rest_i : ({2})[rest_i] IS DISTINCT FROM true)",
        None,
    ),
    "array_distinct": _on_array("trino_array_distinct({0})"),
    "array_max": _on_array("trino_array_max({0})", lambda kind: kind.element),
    "array_min": _on_array("trino_array_min({0})", lambda kind: kind.element),
    "array_join": _array_join,
    "array_sort": _array_sort,
    "array_union": _on_arrays("trino_array_distinct(list_concat({0}, {1}))"),
    "array_intersect": _on_arrays("trino_array_intersect({0}, {1})"),
    "array_except": _on_arrays("trino_array_except({0}, {1})"),
    "arrays_overlap": _on_arrays("trino_arrays_overlap({0}, {1})", BOOLEAN),
    "flatten": _flatten,
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
    "trim_array": _trim_array,
    "combinations": _combinations,
    "contains_sequence": _contains_sequence,
}
