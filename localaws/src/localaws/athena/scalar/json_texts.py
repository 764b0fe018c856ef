"""JSON as Trino reads and writes it: numbers as Java does, canonical order of keys after json_parse, simple paths."""

from __future__ import annotations

import json
import re
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self

from localaws.athena.results import java_double
from localaws.athena.scalar.numbers import double_text
from localaws.athena.scalar.signature import ScalarError, function, nullable

if TYPE_CHECKING:
    from collections.abc import Callable


class Number(float):
    """A number with a fraction or an exponent, as it is written in the document."""

    def __new__(cls, text: str) -> Self:
        """Read a number of JSON."""
        made = super().__new__(cls, text)
        made.text = text
        return made

    text: str


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def load(text: str) -> Any:
    """Return the value of a document. Raises ValueError when it is not JSON."""
    return json.loads(text, parse_float=Number, parse_constant=_refuse_constant)


def dump(value: Any, *, ordered: bool = False) -> str:
    """Return a value as JSON without spaces, numbers as Java writes them; `ordered` sorts the keys of objects."""
    match value:
        case dict():
            items = sorted(value.items(), key=lambda i: i[0].encode("utf-16-be")) if ordered else value.items()
            return "{" + ",".join(f"{dump(k)}:{dump(v, ordered=ordered)}" for k, v in items) + "}"
        case list():
            return "[" + ",".join(dump(item, ordered=ordered) for item in value) + "]"
        case bool() | None | int():
            return json.dumps(value)
        case float():
            return java_double(repr(float(value)), float(value))
    return json.dumps(value, ensure_ascii=False)


@lru_cache(maxsize=256)
def steps(path: str) -> tuple[str, ...]:
    """Return the names and indexes of a path such as `$.a["b c"][0]`. Raises ScalarError for any other path."""
    found = []
    end = 1
    pattern = re.compile(r'\.([\w:$-]+)|\["((?:[^"\\]|\\.)*)"\]|\[([\w:$-]+)\]')
    while matched := pattern.match(path, end):
        name = matched[1] if matched[1] is not None else matched[3]
        found.append(name if name is not None else re.sub(r"\\(.)", r"\1", matched[2]))
        end = matched.end()
    if not path.startswith("$") or end != len(path):
        raise ScalarError(f"Invalid JSON path: '{path}'")
    return tuple(found)


_MISSING = object()


def _at(text: str, path: str) -> Any:
    wanted = steps(path)
    try:
        value = load(text)
    except (ValueError, RecursionError):
        return _MISSING
    for step in wanted:
        if isinstance(value, dict):
            value = value.get(step, _MISSING)
        elif isinstance(value, list) and step.isdigit():
            value = value[int(step)] if int(step) < len(value) else _MISSING
        else:
            return _MISSING
    return value


def scalar_text(value: Any) -> str | None:
    """Return the text of a scalar of JSON, None for null, arrays and objects."""
    match value:
        case None | dict() | list():
            return None
        case bool():
            return "true" if value else "false"
        case Number():
            return value.text
        case int():
            return str(value)
        case str():
            return value
    return None


def _extract(text: str, path: str) -> str | None:
    value = _at(text, path)
    return None if value is _MISSING else dump(value)


def _extract_scalar(text: str, path: str) -> str | None:
    return scalar_text(_at(text, path))


def _size(text: str, path: str) -> int | None:
    value = _at(text, path)
    if value is _MISSING:
        return None
    return len(value) if isinstance(value, (dict, list)) else 0


def _parse(text: str) -> str:
    try:
        return dump(load(text), ordered=True)
    except (ValueError, RecursionError) as error:
        raise ScalarError(f"Cannot convert value to JSON: '{text}'") from error


def _items(text: str) -> list[Any] | None:
    try:
        value = load(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) else None


def _array_get(text: str, index: int) -> str | None:
    items = _items(text)
    if items is None or not -len(items) <= index < len(items):
        return None
    value = items[index]
    if isinstance(value, str):  # Trino's answer is the text without quotes, which is not JSON
        raise ScalarError(
            "json_array_get of a string is not supported by the local Athena engine (use json_extract_scalar)",
            "NOT_SUPPORTED",
        )
    return None if value is None else dump(value)


def _array_contains(text: str, wanted: str, kind: str) -> bool | None:
    items = _items(text)
    if items is None:
        return None
    kinds: dict[str, tuple[type, ...]] = {"varchar": (str,), "boolean": (bool,), "bigint": (int,), "double": (float,)}
    read: dict[str, Callable[[str], Any]] = {
        "varchar": str, "boolean": lambda t: t == "true", "bigint": int, "double": float,
    }  # fmt: skip
    value = read[kind](wanted)
    return any(type(i) in kinds[kind] or (kind == "double" and isinstance(i, float)) for i in items if i == value)


def _is_json(text: str, kind: str, unique: bool) -> bool:  # noqa: FBT001 -- an argument of the SQL function
    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        if unique and len({key for key, _ in found}) != len(found):
            raise ValueError(text)
        return dict(found)

    try:
        value = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=pairs)
    except (ValueError, RecursionError):
        return False
    return {
        "VALUE": True,
        "OBJECT": isinstance(value, dict),
        "ARRAY": isinstance(value, list),
        "SCALAR": not isinstance(value, (dict, list)),
    }[kind]


def _scalar_as(text: str, kind: str) -> str | None:  # noqa: PLR0911 -- the table of casts from json
    """Return the text that CAST reads as the type `kind`: as Trino casts JSON's values."""
    value = load(text)
    if isinstance(value, (dict, list)):
        raise ScalarError(f"Cannot cast to {kind}: {text}", "INVALID_CAST_ARGUMENT")
    match value, kind:
        case None, _:
            return None
        case bool(), "varchar" | "boolean":
            return "true" if value else "false"
        case bool(), _ if kind not in {"date", "timestamp"}:
            return str(int(value))
        case float(), "varchar":
            return double_text(float(value))
        case int() | float(), "boolean":
            return "true" if value else "false"
        case Number(), "tinyint" | "smallint" | "integer" | "bigint":
            return str(int(Decimal(value.text).to_integral_value(ROUND_HALF_UP)))
        case bool() | int() | float(), "date" | "timestamp":
            raise ScalarError(f"Cannot cast to {kind}: {text}", "INVALID_CAST_ARGUMENT")
    return scalar_text(value)


FUNCTIONS = {
    "trino_json_scalar_as": nullable(_scalar_as, "VARCHAR, VARCHAR", "VARCHAR"),
    "trino_json_extract": nullable(_extract, "VARCHAR, VARCHAR", "VARCHAR"),
    "trino_json_extract_scalar": nullable(_extract_scalar, "VARCHAR, VARCHAR", "VARCHAR"),
    "trino_json_size": nullable(_size, "VARCHAR, VARCHAR", "BIGINT"),
    "trino_json_parse": function(_parse, "VARCHAR", "VARCHAR"),
    "trino_json_array_get": nullable(_array_get, "VARCHAR, BIGINT", "VARCHAR"),
    "trino_json_array_contains": nullable(_array_contains, "VARCHAR, VARCHAR, VARCHAR", "BOOLEAN"),
    "trino_is_json": function(_is_json, "VARCHAR, VARCHAR, BOOLEAN", "BOOLEAN"),
    "trino_json_string": function(lambda text: json.dumps(text, ensure_ascii=False), "VARCHAR", "VARCHAR"),
}
