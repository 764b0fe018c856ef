"""The steps of a JSON path: what each makes of the items before it, in modes lax and strict."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from localaws.athena.scalar.json_texts import Number, dump

if TYPE_CHECKING:
    from collections.abc import Callable

    Evaluate = Callable[["Context"], list[Any]]
    Test = Callable[["Context"], bool | None]

_FLIPPED_TYPES = {str: "string", bool: "boolean", dict: "object", list: "array", type(None): "null"}


class PathError(Exception):
    """The path cannot be evaluated on this document: the clause ON ERROR decides."""


class Context:
    """The document, the item of a filter, the mode, and the array whose last index `last` means."""

    def __init__(self, root: Any, item: Any, *, lax: bool, last: int = -1) -> None:
        self.root, self.item, self.lax, self.last = root, item, lax, last

    def of(self, item: Any) -> Context:
        """Return the context of a filter's item."""
        return Context(self.root, item, lax=self.lax)

    def within(self, length: int) -> Context:
        """Return the context of the subscripts of an array."""
        return Context(self.root, self.item, lax=self.lax, last=length - 1)


def numeric(value: Any) -> Any:
    """Return a number. Raises PathError for another value."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise PathError(f"{dump(value)} is not a number")
    return value


def arithmetic(sign: str, left: Evaluate, right: Evaluate) -> Evaluate:
    """Return the step of `left sign right` on two numbers."""

    def evaluate(c: Context) -> list[Any]:
        one, two = left(c), right(c)
        if len(one) != 1 or len(two) != 1:
            raise PathError("arithmetic needs one number on both sides")
        a, b = numeric(one[0]), numeric(two[0])
        if sign in "/%" and b == 0:
            raise PathError("Division by zero")
        whole = isinstance(a, int) and isinstance(b, int)
        match sign:
            case "+":
                return [a + b]
            case "-":
                return [a - b]
            case "*":
                return [a * b]
            case "/":
                return [int(math.copysign(abs(a) // abs(b), a * b)) if whole and a * b else a / b if a else 0]
        return [math.copysign(abs(a) % abs(b), a) if not whole else (abs(a) % abs(b)) * (1 if a >= 0 else -1)]

    return evaluate


def unwrapped(values: list[Any], c: Context) -> list[Any]:
    if not c.lax:
        return values
    return [item for value in values for item in (value if isinstance(value, list) else [value])]


def member(base: Evaluate, name: str) -> Evaluate:
    """Return the step of `.name`."""

    def evaluate(c: Context) -> list[Any]:
        found = []
        for value in unwrapped(base(c), c):
            if isinstance(value, dict) and name in value:
                found.append(value[name])
            elif not c.lax:
                raise PathError(f"no member {name}")
        return found

    return evaluate


def members(base: Evaluate) -> Evaluate:
    """Return the step of `.*`."""

    def evaluate(c: Context) -> list[Any]:
        found: list[Any] = []
        for value in unwrapped(base(c), c):
            if isinstance(value, dict):
                found.extend(value.values())
            elif not c.lax:
                raise PathError("not an object")
        return found

    return evaluate


def descendants(base: Evaluate, name: str) -> Evaluate:
    """Return the step of `..name`."""

    def walk(value: Any) -> list[Any]:
        if isinstance(value, dict):
            own = [value[name]] if name in value else []
            return own + [item for part in value.values() for item in walk(part)]
        return [item for part in value for item in walk(part)] if isinstance(value, list) else []

    return lambda c: [item for value in base(c) for item in walk(value)]


def _arrays(base: Evaluate, c: Context) -> list[list[Any]]:
    arrays = []
    for value in base(c):
        if not isinstance(value, list) and not c.lax:
            raise PathError("not an array")
        arrays.append(value if isinstance(value, list) else [value])
    return arrays


def elements(base: Evaluate) -> Evaluate:
    """Return the step of `[*]`."""
    return lambda c: [item for array in _arrays(base, c) for item in array]


def subscripts(base: Evaluate, ranges: list[tuple[Evaluate, Evaluate | None]]) -> Evaluate:
    """Return the step of `[1, 2 to last]`."""

    def evaluate(c: Context) -> list[Any]:
        found = []
        for array in _arrays(base, c):
            inner = c.within(len(array))
            for first, last in ranges:
                low = math.trunc(numeric(_one(first(inner))))
                high = low if last is None else math.trunc(numeric(_one(last(inner))))
                if not c.lax and not 0 <= low <= high < len(array):
                    raise PathError("subscript out of range")
                found.extend(array[max(low, 0) : high + 1])
        return found

    return evaluate


def _one(values: list[Any]) -> Any:
    if len(values) != 1:
        raise PathError("not a single value")
    return values[0]


def method(base: Evaluate, name: str) -> Evaluate:
    """Return the step of `.size()` and the like."""

    def evaluate(c: Context) -> list[Any]:
        values = base(c) if name in {"size", "type"} else unwrapped(base(c), c)
        return [item for value in values for item in _called(name, value, c)]

    return evaluate


def _called(name: str, value: Any, c: Context) -> list[Any]:
    match name:
        case "type":
            return [_FLIPPED_TYPES.get(type(value), "number")]
        case "size":
            if isinstance(value, list) or c.lax:
                return [len(value) if isinstance(value, list) else 1]
            raise PathError("size() of what is not an array")
        case "keyvalue":
            if not isinstance(value, dict):
                raise PathError("keyvalue() of what is not an object")
            return [{"name": key, "value": held, "id": 0} for key, held in value.items()]
        case "double":
            try:
                return [Number(str(value))] if isinstance(value, (str, int, float)) else [numeric(value)]
            except ValueError as error:
                raise PathError(str(error)) from error
    number = numeric(value)
    rounding: dict[str, Callable[[Any], Any]] = {"abs": abs, "ceiling": math.ceil, "floor": math.floor}
    changed = rounding[name](number)
    return [Number(repr(float(changed))) if isinstance(number, float) else changed]


def filtered(base: Evaluate, test: Test) -> Evaluate:
    """Return the step of `?(test)`."""
    return lambda c: [value for value in unwrapped(base(c), c) if test(c.of(value)) is True]
