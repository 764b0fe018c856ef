"""Finds which constraints of a scalar shape a value breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.strict.faults import Blob
from localaws.strict.patterns import matcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import Shape, StringShape

    Problems = Callable[[Any], list[str]]

NUMBERS = frozenset({"integer", "long", "float", "double"})
ENUM = "Member must satisfy enum value set"


def problems_of(shape: Shape, *, caseless: bool = False) -> Problems | None:
    """Return a function that lists the constraints that a value breaks, or None when the shape has none.

    With `caseless` the values of an enum are compared without case.
    """
    if shape.type_name == "string":
        return _string_problems(shape, caseless=caseless)  # type: ignore[arg-type]  # botocore's classes follow type_name
    if shape.type_name == "blob":
        return range_problems(shape, "length", _blob_length)
    if shape.type_name in NUMBERS:
        return range_problems(shape, "value", _number)
    return None


def constraints_of(shape: Shape) -> list[str]:
    """Return all constraints of a scalar as AWS lists them."""
    what = "value" if shape.type_name in NUMBERS else "length"
    found = []
    if "max" in shape.metadata:
        found.append(f"Member must have {what} less than or equal to {_bound(shape, 'max')}")
    if "min" in shape.metadata:
        found.append(f"Member must have {what} greater than or equal to {_bound(shape, 'min')}")
    if "pattern" in shape.metadata:
        found.append(f"Member must satisfy regular expression pattern: {shape.metadata['pattern']}")
    if getattr(shape, "enum", None):
        found.append(_enum_constraint(shape))  # type: ignore[arg-type]
    return found


def _enum_constraint(shape: StringShape) -> str:
    return f"{ENUM}: [{', '.join(shape.enum)}]"


def _bound(shape: Shape, which: str) -> Any:
    bound = shape.metadata[which]
    return int(bound) if float(bound).is_integer() else bound


def range_problems(shape: Shape, what: str, measure: Callable[[Any], Any]) -> Problems | None:
    """Return a function that checks minimum and maximum of a measure, or None when the shape has neither.

    `what` is the measure's name in messages, value or length.
    """
    if not {"min", "max"} & shape.metadata.keys():
        return None
    low, high = shape.metadata.get("min", float("-inf")), shape.metadata.get("max", float("inf"))
    if what == "length" and low <= 0 and high == float("inf"):
        return None

    def problems(value: Any) -> list[str]:
        measured = measure(value)
        if measured is None or low <= measured <= high:
            return []
        if measured > high:
            return [f"Member must have {what} less than or equal to {_bound(shape, 'max')}"]
        return [f"Member must have {what} greater than or equal to {_bound(shape, 'min')}"]

    return problems


def _string_problems(shape: StringShape, *, caseless: bool) -> Problems | None:
    length = range_problems(shape, "length", lambda text: len(text) if isinstance(text, str) else None)
    pattern = shape.metadata.get("pattern")
    matches = matcher(pattern) if pattern else None
    allowed = frozenset(shape.enum) or None
    if length is None and matches is None and allowed is None:
        return None

    def problems(value: Any) -> list[str]:
        if not isinstance(value, str):
            return []
        found = length(value) if length is not None else []
        if matches is not None and not matches(value):
            found = [*found, f"Member must satisfy regular expression pattern: {pattern}"]
        if allowed is not None and value not in allowed and not (caseless and value.upper() in allowed):
            found = [*found, _enum_constraint(shape)]
        return found

    return problems


def _blob_length(value: Any) -> int | None:
    if isinstance(value, Blob):
        return int(value)
    if isinstance(value, bytes):
        return len(value)
    return len(value) * 3 // 4 - value[-2:].count("=") if isinstance(value, str) else None  # base64


def _number(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None
