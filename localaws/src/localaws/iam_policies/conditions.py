"""The element Condition: all operators of AWS, with IfExists, ForAllValues, ForAnyValue and Null.

Several operators and keys must all hold. Of several values of a key one must match; with a negated operator
(StringNotEquals) none may match. A key that the request does not have: a positive operator does not hold, a negated one
does, with IfExists any does, ForAllValues does and ForAnyValue does not.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from localaws.iam_policies import patterns
from localaws.iam_policies.errors import PolicyError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from localaws.iam_policies.context import Context


class Operator(NamedTuple):
    """A comparison of a value of the request with one of the policy; `negated` is its opposite."""

    compare: Callable[[str, str, Context | None], bool]
    negated: bool = False


class _Test(NamedTuple):
    """An operator as written: with its quantifier and IfExists."""

    operator: Operator
    quantifier: str
    if_exists: bool


def hold(block: Mapping[str, Any], context: Context, *, has_variables: bool = True) -> bool:
    """Return whether all conditions of a block hold. Raises PolicyError for an unknown operator."""
    variables = context if has_variables else None
    return all(
        _holds(operator, _values(expected), context.get(key.lower()), variables)
        for operator, keys in block.items()
        for key, expected in keys.items()
    )


def require_known(block: Mapping[str, Any]) -> None:
    """Raise PolicyError when a block has an operator that AWS does not have."""
    for operator in block:
        if operator.lower() != "null":
            _test(operator)


def _holds(name: str, expected: list[str], actual: str | Sequence[str] | None, variables: Context | None) -> bool:
    if name.lower() == "null":
        is_absent = actual is None or actual in ([], ())
        return is_absent == (expected[0].lower() == "true")
    test = _test(name)
    if actual is None:
        return _holds_without_key(test)
    values = [actual] if isinstance(actual, str) else list(actual)
    matched = (_matches_one(test.operator, value, expected, variables) for value in values)
    if test.quantifier == "foranyvalue":
        return any(matched)
    if test.quantifier == "forallvalues" or test.operator.negated:
        return all(matched)
    return any(matched)


def _holds_without_key(test: _Test) -> bool:
    if test.quantifier:  # IfExists looks at each value, and there is none
        return test.quantifier == "forallvalues"
    return test.if_exists or test.operator.negated


def _matches_one(operator: Operator, value: str, expected: list[str], variables: Context | None) -> bool:
    return any(operator.compare(value, one, variables) for one in expected) != operator.negated


def _test(name: str) -> _Test:
    quantifier, _, operator = name.lower().rpartition(":")
    base = operator.removesuffix("ifexists")
    known = OPERATORS.get(base)
    if known is None or quantifier not in {"", "forallvalues", "foranyvalue"}:
        raise PolicyError(f"{name} is not a condition operator of IAM")
    return _Test(known, quantifier, if_exists=base != operator)


def _values(expected: Any) -> list[str]:
    listed = expected if isinstance(expected, list) else [expected]
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in listed]


def _equal(value: str, expected: str, variables: Context | None) -> bool:
    return value == _resolved(expected, variables)


def _equal_without_case(value: str, expected: str, variables: Context | None) -> bool:
    text = _resolved(expected, variables)
    return text is not None and value.lower() == text.lower()


def _resolved(expected: str, variables: Context | None) -> str | None:
    return expected if variables is None else patterns.resolved(expected, variables)


def _is_in_network(value: str, expected: str, _variables: Context | None) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(expected, strict=False)
    except ValueError:
        return False


def _same_bytes(value: str, expected: str, _variables: Context | None) -> bool:
    try:
        return base64.b64decode(value) == base64.b64decode(expected)
    except binascii.Error:
        return False


def _same_boolean(value: str, expected: str, _variables: Context | None) -> bool:
    return value.lower() == expected.lower()


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _date(text: str) -> datetime | None:
    """Read a date of ISO 8601, or seconds since 1970."""
    try:
        if text.lstrip("-").replace(".", "", 1).isdecimal() and len(text) > len("2026"):
            return datetime.fromtimestamp(float(text), UTC)
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _ordered(read: Callable[[str], Any], holds: Callable[[Any, Any], bool]) -> Callable[..., bool]:
    def compare(value: str, expected: str, _variables: Context | None) -> bool:
        one, other = read(value), read(expected)
        return one is not None and other is not None and holds(one, other)

    return compare


def _orders(prefix: str, read: Callable[[str], Any]) -> dict[str, Operator]:
    equal = _ordered(read, lambda one, other: one == other)
    return {
        f"{prefix}equals": Operator(equal),
        f"{prefix}notequals": Operator(equal, negated=True),
        f"{prefix}lessthan": Operator(_ordered(read, lambda one, other: one < other)),
        f"{prefix}lessthanequals": Operator(_ordered(read, lambda one, other: one <= other)),
        f"{prefix}greaterthan": Operator(_ordered(read, lambda one, other: one > other)),
        f"{prefix}greaterthanequals": Operator(_ordered(read, lambda one, other: one >= other)),
    }


def _like(value: str, expected: str, variables: Context | None) -> bool:
    return patterns.matches_value(expected, value, variables)


def _arn_like(value: str, expected: str, variables: Context | None) -> bool:
    return patterns.matches_arn(expected, value, variables)


OPERATORS: Final[dict[str, Operator]] = {
    "stringequals": Operator(_equal),
    "stringnotequals": Operator(_equal, negated=True),
    "stringequalsignorecase": Operator(_equal_without_case),
    "stringnotequalsignorecase": Operator(_equal_without_case, negated=True),
    "stringlike": Operator(_like),
    "stringnotlike": Operator(_like, negated=True),
    "arnequals": Operator(_arn_like),
    "arnlike": Operator(_arn_like),
    "arnnotequals": Operator(_arn_like, negated=True),
    "arnnotlike": Operator(_arn_like, negated=True),
    "bool": Operator(_same_boolean),
    "binaryequals": Operator(_same_bytes),
    "ipaddress": Operator(_is_in_network),
    "notipaddress": Operator(_is_in_network, negated=True),
    **_orders("numeric", _number),
    **_orders("date", _date),
}
