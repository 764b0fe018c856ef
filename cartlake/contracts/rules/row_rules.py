"""Compiles the rules of ODCS columns into SQL conditions on one row.

A rule derived from one column accepts null, because `required` is the rule about null: a row without a value is then
quarantined for that one reason. In a custom expression null is a failure.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from cartlake.contracts.errors import Faults
from cartlake.contracts.model import RowRule
from cartlake.contracts.odcs import Property, Quality, SchemaObject
from cartlake.contracts.rules.nested_rules import Place, holds, reasons
from cartlake.contracts.rules.sql import expression_columns, expression_faults, literal, matches, pattern_faults

NESTED = frozenset({"array", "object"})
_RANGE = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
_LENGTH = {"minLength": ">=", "maxLength": "<="}
_ONLY_DOCUMENTING = {
    "integer": {"format"},
    "number": {"format"},
    "date": {"format"},
    "timestamp": {"format", "timezone", "defaultTimezone"},
}


@dataclass(frozen=True, slots=True)
class RowRules:
    """Compiles the row rules of one table."""

    table: SchemaObject
    faults: Faults

    def compile(self) -> tuple[RowRule, ...]:
        """Return the rules of columns, then the table's own expressions. Faults are added to `faults`."""
        return (*self._from_columns(), *self._from_expressions())

    def _from_columns(self) -> Iterator[RowRule]:
        for column in self.table.properties:
            if column.name.startswith("_"):
                continue  # the lake adds these columns after the rules were checked
            where = f"schema.{self.table.name}.{column.name}"
            yield from self._from_column(column, where)
            yield from self._from_parts(column, Place(column.name), where)

    def _from_column(self, column: Property, where: str) -> Iterator[RowRule]:
        if column.required:
            yield RowRule(f"{column.name}_required", "error", f"{column.name} is not null", (column.name,))
        yield from self._from_options(column, f"{where}.logicalTypeOptions")
        for index, quality in enumerate(column.quality):
            place = f"{where}.quality[{quality.name or index}]"
            if is_row_rule(quality) and column.logical_type in NESTED:
                self.faults.add(place, quality.metric, "not for a whole object or array; write it at its parts")
            elif is_row_rule(quality):
                yield self._from_quality(column, quality, place)

    def _from_parts(self, column: Property, place: Place, where: str) -> Iterator[RowRule]:
        inner = [(place.field(part.name), part) for part in column.properties]
        inner += [(place.elements(), column.items)] if column.items else []
        for at, part in inner:
            for quality in part.quality:
                if not is_row_rule(quality):
                    place_of_rule = f"{where}.{part.name}.quality[{quality.name}]"
                    advice = "a part has only rules about each value: invalidValues with `mustBe: 0`"
                    self.faults.add(place_of_rule, quality.metric or quality.type, advice)
            named = part.model_copy(update={"name": at.sql})
            yield from (_of_part(rule, at) for rule in self._from_column(named, f"{where}.{part.name}"))
            yield from self._from_parts(part, at, f"{where}.{part.name}")

    def _from_options(self, column: Property, where: str) -> Iterator[RowRule]:
        options = dict(column.logical_type_options)
        if column.logical_type in NESTED:
            for option, value in options.items():
                self.faults.add(f"{where}.{option}", value, "not for a whole object or array; write it at its parts")
            return
        for ignored in _ONLY_DOCUMENTING.get(column.logical_type, ()):
            options.pop(ignored, None)
        in_range = [
            f"{column.name} {sign} {self._literal(column, options.pop(option), f'{where}.{option}')}"
            for option, sign in _RANGE.items()
            if option in options
        ]
        if in_range:
            yield self._optional(f"{column.name}_in_range", column, " and ".join(in_range))
        length = [
            f"length({column.name}) {sign} {self._literal(column, options.pop(option), f'{where}.{option}')}"
            for option, sign in _LENGTH.items()
            if option in options
        ]
        if length:
            yield self._optional(f"{column.name}_length_in_range", column, " and ".join(length))
        if "pattern" in options:
            condition = self._pattern(column, options.pop("pattern"), f"{where}.pattern")
            yield self._optional(f"{column.name}_matches_pattern", column, condition)
        for option, value in options.items():
            self.faults.add(f"{where}.{option}", value, "not a rule Cartlake can check; write it as a pattern or rule")

    def _from_quality(self, column: Property, quality: Quality, where: str) -> RowRule:
        condition = invalid_values_condition(column, quality, where, self.faults)
        return self._optional(quality.name or f"{column.name}_is_valid", column, condition, quality)

    def _from_expressions(self) -> Iterator[RowRule]:
        known = tuple(column.name for column in self.table.properties)
        for index, quality in enumerate(self.table.quality):
            if quality.engine != "cartlake" or not isinstance(quality.implementation, str):
                continue
            where = f"schema.{self.table.name}.quality[{quality.name or index}]"
            if quality.name is None:
                self.faults.add(f"{where}.name", None, "name the rule: its name is the reason of a quarantined row")
            expression = " ".join(quality.implementation.split())
            for fault in expression_faults(expression, known):
                self.faults.add(f"{where}.implementation", expression, fault)
            columns = expression_columns(expression, known)
            name, description = quality.name or f"rule_{index}", quality.description or ""
            yield RowRule(name, quality.severity, expression, columns, description)

    def _optional(self, name: str, column: Property, condition: str, quality: Quality | None = None) -> RowRule:
        # Null is the subject of `required` alone, so that a missing value has one reason, not several.
        expression = f"{column.name} is null or ({condition})"
        severity = "error" if quality is None else quality.severity
        return RowRule(name, severity, expression, (column.name,), (quality and quality.description) or "")

    def _pattern(self, column: Property, pattern: str, where: str) -> str:
        for fault in pattern_faults(pattern):
            self.faults.add(where, pattern, fault)
        # A pattern with a backslash has no portable literal; the fault is recorded, so this SQL is never used.
        return matches(column.name, pattern) if "\\" not in pattern else "true"

    def _literal(self, column: Property, value: object, where: str) -> str:
        try:
            if column.logical_type == "timestamp":
                return literal(_instant(str(value)))
            if column.logical_type == "date":
                return literal(datetime.fromisoformat(str(value)).date())
            return _number(value)
        except ValueError:
            wanted = {"timestamp": "an instant, as in 2026-01-31T00:00:00Z", "date": "a date, as in 2026-01-31"}
            self.faults.add(where, value, f"write {wanted.get(column.logical_type, 'a number, without quotes')}")
            return "null"


def _of_part(rule: RowRule, place: Place) -> RowRule:
    """Return a rule about the value at a place as one about the row."""
    suffix = rule.name.removeprefix(place.sql)
    suffix = suffix if suffix.startswith("_") else f"_{suffix}"
    return RowRule(
        place.path + suffix,
        rule.severity,
        holds(place, rule.expression),
        (place.column,),
        rule.description,
        reasons(place, rule.expression, suffix=suffix),
        rule.expression.replace(place.sql, place.path),
    )


def is_row_rule(quality: Quality) -> bool:
    """Return whether an `invalidValues` entry is about every row (none may be invalid), not about their share."""
    return quality.metric == "invalidValues" and quality.must_be == 0


def invalid_values_condition(column: Property, quality: Quality, where: str, faults: Faults) -> str:
    """Return SQL that is true for a valid value of `column`, by `validValues` or `pattern`; `true` with a fault."""
    arguments = dict(quality.arguments)
    values, pattern = arguments.pop("validValues", None), arguments.pop("pattern", None)
    if arguments or (values is None) == (pattern is None):
        faults.add(f"{where}.arguments", quality.arguments, "give either `validValues` or `pattern`")
        return "true"
    if pattern is not None:
        unportable = pattern_faults(str(pattern))
        for fault in unportable:
            faults.add(f"{where}.arguments.pattern", pattern, fault)
        return "true" if unportable else matches(column.name, str(pattern))
    if not isinstance(values, list) or not values:
        faults.add(f"{where}.arguments.validValues", values, "list the values that are valid")
        return "true"
    # YAML reads NO (Norway) as false and 01 as 1, and the rule would then refuse valid rows.
    if column.logical_type == "string" and not all(isinstance(value, str) for value in values):
        advice = "put each in quotes: YAML reads a bare NO, on or 01 as something else"
        faults.add(f"{where}.arguments.validValues", values, advice)
    try:
        return f"{column.name} in ({', '.join(literal(value) for value in values)})"
    except ValueError as error:
        faults.add(f"{where}.arguments.validValues", values, str(error))
        return "true"


def _number(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(value)  # noqa: TRY004 - one class for every value that has no literal
    return literal(value)


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
