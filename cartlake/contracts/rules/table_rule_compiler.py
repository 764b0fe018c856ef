"""Compiles the rules of ODCS about a whole table into rules that are measured as one number."""

import re
from collections.abc import Iterator
from typing import Any

from cartlake.contracts.errors import Faults
from cartlake.contracts.odcs import THRESHOLDS, Property, Quality, SchemaObject, SlaProperty
from cartlake.contracts.rules.row_rules import invalid_values_condition, is_row_rule
from cartlake.contracts.rules.table_rules import SECONDS_PER_UNIT, TableRule, Threshold

_TIME_UNITS = {"second": "s", "seconds": "s", "minute": "min", "hour": "h", "hours": "h", "day": "d", "days": "d"}


def table_rules_of(table: SchemaObject, faults: Faults) -> Iterator[TableRule]:
    """Yield the rules of `unique` and `quality`: those of columns, then those of the table."""
    for column in table.properties:
        if column.unique:
            name, unique = f"{column.name}_unique", Threshold("mustBe", (0.0,))
            yield TableRule(name, "error", "duplicateValues", unique, (column.name,))
        for index, quality in enumerate(column.quality):
            if not is_row_rule(quality):
                where = f"schema.{table.name}.{column.name}.quality[{quality.name or index}]"
                yield from _table_rule(quality, where, column.name, table, faults)
    for index, quality in enumerate(table.quality):
        if not isinstance(quality.implementation, str):
            yield from _table_rule(quality, f"schema.{table.name}.quality[{quality.name or index}]", "", table, faults)


def _table_rule(q: Quality, where: str, column: str, table: SchemaObject, faults: Faults) -> Iterator[TableRule]:
    if q.type == "text" or (q.type == "custom" and q.engine != "cartlake"):
        return  # documentation, and rules of other tools
    if isinstance(q.implementation, dict):
        yield from _freshness(q, where, table, faults)
        return
    given = {name: value for name, value in q.model_dump(by_alias=True).items() if name in THRESHOLDS}
    threshold = _threshold(given, where, faults)
    name, text = q.name or f"{column or table.name}_{_snake(q.metric or q.type)}", q.description or ""
    if q.type == "sql":
        if "${table}" not in (q.query or "") or q.name is None:
            faults.add(f"{where}.query", q.query, "give it a `name`, and write ${table} where the rows in scope go")
        query = " ".join((q.query or "").replace("${column}", column).split())
        yield TableRule(name, q.severity, "sql", threshold, query=query, description=text)
    elif q.metric == "rowCount":
        yield TableRule(name, q.severity, "rowCount", threshold, description=text)
    elif q.metric == "duplicateValues":
        columns = tuple(q.arguments.get("properties", [column] if column else []))
        _known(columns, f"{where}.arguments.properties", table, faults)
        yield TableRule(name, q.severity, "duplicateValues", threshold, columns, q.unit, description=text)
    elif not column:
        faults.add(f"{where}.metric", q.metric, "belongs under a column, or is unknown")
    elif q.metric == "nullValues":
        yield TableRule(name, q.severity, "nullValues", threshold, (column,), q.unit, description=text)
    else:
        failing = _failing(q, where, next(known for known in table.properties if known.name == column), faults)
        yield TableRule(name, q.severity, "failingValues", threshold, (column,), q.unit, failing, description=text)


def _failing(q: Quality, where: str, column: Property, faults: Faults) -> str:
    if q.metric == "invalidValues":
        return f"{column.name} is not null and not ({invalid_values_condition(column, q, where, faults)})"
    absent = [value for value in q.arguments.get("missingValues", []) if value is not None]
    # The values that mean "missing" are compared as the valid values of another rule are.
    as_valid = q.model_copy(update={"arguments": {"validValues": absent}})
    return f"{column.name} is null" + (
        f" or {invalid_values_condition(column, as_valid, where, faults)}" if absent else ""
    )


def _freshness(q: Quality, where: str, table: SchemaObject, faults: Faults) -> Iterator[TableRule]:
    options: dict[str, Any] = dict(q.implementation) if isinstance(q.implementation, dict) else {}
    metric, column, unit = options.pop("metric", None), options.pop("property", None), options.pop("unit", "h")
    if metric != "freshness" or q.name is None:
        faults.add(f"{where}.implementation.metric", metric, "a named rule with metric freshness, or an expression")
        return
    _known((column,), f"{where}.implementation.property", table, faults)
    threshold = _threshold(options, f"{where}.implementation", faults)
    unit = _time_unit(unit, f"{where}.implementation.unit", faults)
    yield TableRule(q.name, q.severity, "freshness", threshold, (column,), unit, description=q.description or "")


def sla_rules_of(table: SchemaObject, sla: tuple[SlaProperty, ...], faults: Faults) -> Iterator[TableRule]:
    """Yield the rules of `slaProperties`. They are warnings, so a late batch is still published."""
    for entry in sla:
        name, _, column = (entry.element or "").partition(".")
        if entry.property != "freshness" or name != table.name:
            continue
        _known((column,), "slaProperties.freshness.element", table, faults)
        if not isinstance(entry.value, int | float):
            faults.add("slaProperties.freshness.value", entry.value, "give a number")
            continue
        unit = _time_unit(entry.unit, "slaProperties.freshness.unit", faults)
        threshold, text = Threshold("mustBeLessOrEqualTo", (float(entry.value),)), entry.description or ""
        yield TableRule(f"{column}_within_sla", "warning", "freshness", threshold, (column,), unit, description=text)


def _threshold(given: dict[str, Any], where: str, faults: Faults) -> Threshold:
    thresholds = {name: value for name, value in given.items() if value is not None}
    if len(thresholds) != 1 or next(iter(thresholds)) not in THRESHOLDS:
        faults.add(where, thresholds, f"give one threshold: {', '.join(THRESHOLDS)}")
        return Threshold("mustBe", (0.0,))
    ((name, value),) = thresholds.items()
    values = tuple(value) if isinstance(value, list | tuple) else (value,)
    wanted = 2 if name.endswith("Between") else 1
    if len(values) != wanted or any(isinstance(v, bool) or not isinstance(v, int | float) for v in values):
        faults.add(f"{where}.{name}", value, "give a number, or two for a range")
        return Threshold("mustBe", (0.0,))
    # A range with its ends swapped has no value in it, so the rule would always fail.
    if sorted(values) != list(values):
        faults.add(f"{where}.{name}", value, "give the lower end first")
    return Threshold(name, tuple(float(v) for v in values))


def _known(columns: tuple[Any, ...], where: str, table: SchemaObject, faults: Faults) -> None:
    names = [column.name for column in table.properties]
    if not columns or not set(columns) <= set(names):
        faults.add(where, columns, f"name columns of the table: {', '.join(names)}")


def _time_unit(unit: object, where: str, faults: Faults) -> str:
    short = _TIME_UNITS.get(str(unit), str(unit))
    if short not in SECONDS_PER_UNIT:
        faults.add(where, unit, f"use one of {', '.join(SECONDS_PER_UNIT)}")
        return "h"
    return short


def _snake(camel: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", camel).lower()
