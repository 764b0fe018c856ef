"""Columns that no file has and that always have one value: the custom property `cartlake.constant` of a column.

properties:
  - name: shop_system
    logicalType: string
    customProperties:
      - property: cartlake.constant
        value: shopify

The value is written as its type is in YAML: a text, a number, true or false, a day.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from cartlake.contracts.errors import Faults

CONSTANT: Final = "cartlake.constant"
_DECIMAL: Final = re.compile(r"decimal\((\d+),(\d+)\)")
_BITS: Final = {"int": 31, "bigint": 63}


def constant_of(custom: Mapping[str, Any], kind: str, where: str, faults: Faults) -> str | None:
    """Return the value of a column that no file has, as the text that is cast to its type; None where files have it.

    `kind` is the Spark SQL name of the column's type.
    """
    if CONSTANT not in custom:
        return None
    value = custom[CONSTANT]
    if (text := _text(value, kind)) is None:
        faults.add(f"{where}.{CONSTANT}", value, f"is no value of type {kind}; {_advice(kind)}")
        return ""
    if where.rpartition(".")[2].startswith("_"):
        faults.add(f"{where}.{CONSTANT}", value, "remove it: the lake sets columns that begin with an underscore")
    return text


def _advice(kind: str) -> str:
    known = {"string": "write a text of at least one character, in quotes", "boolean": "write true or false"}
    if kind in known:
        return known[kind]
    if kind == "date":
        return "write a day such as 2026-01-31"
    if kind in _BITS or _DECIMAL.fullmatch(kind):
        return "write a number that the type holds without rounding"
    return "constants are of type string, boolean, int, bigint, decimal or date"


def _text(value: object, kind: str) -> str | None:
    """Return a value as the text of its column's type, None where it is none."""
    if kind == "string":
        return value if isinstance(value, str) and value else None
    if kind == "boolean":
        return str(value).lower() if isinstance(value, bool) else None
    if kind == "date":
        return value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else None
    if kind in _BITS:
        return str(value) if type(value) is int and abs(value) < 2 ** _BITS[kind] else None
    match = _DECIMAL.fullmatch(kind)
    return _decimal(value, int(match[1]), int(match[2])) if match else None


def _decimal(value: object, precision: int, scale: int) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    exact = number.is_finite() and number == number.quantize(Decimal(1).scaleb(-scale))
    return format(number, "f") if exact and abs(number) < 10 ** (precision - scale) else None
