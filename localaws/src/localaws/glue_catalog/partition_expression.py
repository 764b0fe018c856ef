"""The expressions of GetPartitions: conditions in SQL on partition keys, with SQL's three-valued logic.

https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from localaws.errors import TerminalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Condition = Callable[[Mapping[str, Any]], bool | None]

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<text>'(?:[^']|'')*')|(?P<name>[A-Za-z_]\w*|"[^"]+"|`[^`]+`)"""
    r"""|(?P<sign><>|!=|<=|>=|[=<>(),-]))"""
)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b, "<>": lambda a, b: a != b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip
_RESERVED = frozenset({"and", "or", "not", "like", "in", "between", "is", "null"})


class PartitionExpressionError(TerminalError):
    """The expression is not SQL, names no partition key, or compares a key with a value of another type."""


def parse(expression: str, types: Mapping[str, str]) -> Callable[[Mapping[str, str]], bool]:
    """Return a test of whether a partition, as its values by key, meets an expression; `types` are Hive's.

    Raises PartitionExpressionError.
    """
    condition = _Parser(expression, types).whole()

    def accepts(values: Mapping[str, str]) -> bool:
        return condition({key: _stored(values[key], kind) for key, kind in types.items()}) is True

    return accepts


def _stored(text: str, kind: str) -> Any:
    """Return the value of a partition; NULL is None, and so is a text that is not of the key's type."""
    if text == NULL_PARTITION:
        return None
    try:
        return _value(text, kind)
    except PartitionExpressionError:
        return None


def _value(text: str, kind: str) -> Any:
    family = kind.lower().partition("(")[0].strip()
    try:
        match family:
            case "string" | "varchar" | "char":
                return text
            case "tinyint" | "smallint" | "int" | "integer" | "bigint" | "long":
                return int(text)
            case "decimal" | "float" | "double":
                return Decimal(text)
            case "date":
                return dt.date.fromisoformat(text)
            case "timestamp":
                return dt.datetime.fromisoformat(text)
    except (ValueError, InvalidOperation) as error:
        raise PartitionExpressionError(f"'{text}' is not a value of type {kind}") from error
    raise PartitionExpressionError(f"A partition key of type {kind} cannot be used in an expression")


class _Parser:
    def __init__(self, text: str, types: Mapping[str, str]) -> None:
        self.text, self.types = text, types
        self.tokens = list(_tokens(text))
        self.at = 0

    def whole(self) -> Condition:
        found = self._or()
        if self.at < len(self.tokens):
            raise self._unexpected()
        return found

    def _or(self) -> Condition:
        parts = [self._and()]
        while self._word("or"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else lambda row: _any([part(row) for part in parts])

    def _and(self) -> Condition:
        parts = [self._not()]
        while self._word("and"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else lambda row: _negated(_any([_negated(part(row)) for part in parts]))

    def _not(self) -> Condition:
        if self._word("not"):
            inner = self._not()
            return lambda row: _negated(inner(row))
        if self._sign("("):
            inner = self._or()
            self._expect(")")
            return inner
        return self._predicate()

    def _predicate(self) -> Condition:
        left = self._operand()
        if self._word("is"):
            wanted = not self._word("not")
            self._expect_word("null")
            return lambda row: (left.of(row) is None) is wanted
        negated = self._word("not")
        found = self._set_predicate(left)
        if found is None:
            if negated or self.at >= len(self.tokens) or self.tokens[self.at][1] not in _COMPARISONS:
                raise self._unexpected()
            compare = _COMPARISONS[self.tokens[self.at][1]]
            self.at += 1
            return _compared(compare, left, self._operand())
        return (lambda row: _negated(found(row))) if negated else found

    def _set_predicate(self, left: _Operand) -> Condition | None:
        if self._word("like"):
            return self._like(left)
        if self._word("between"):
            low = self._operand()
            self._expect_word("and")
            bounds = (_compared(_COMPARISONS[">="], left, low), _compared(_COMPARISONS["<="], left, self._operand()))
            return lambda row: _negated(_any([_negated(bound(row)) for bound in bounds]))
        if self._word("in"):
            self._expect("(")
            listed = [_compared(_COMPARISONS["="], left, self._operand())]
            while self._sign(","):
                listed.append(_compared(_COMPARISONS["="], left, self._operand()))
            self._expect(")")
            return lambda row: _any([one(row) for one in listed])
        return None

    def _like(self, left: _Operand) -> Condition:
        pattern = self._operand()
        if pattern.key is not None or not isinstance(pattern.literal, str):
            raise PartitionExpressionError(f"LIKE needs a text after it: {self.text}")
        compiled = re.compile(
            "".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in pattern.literal), re.DOTALL
        )

        def matches(row: Mapping[str, Any]) -> bool | None:
            value = left.of(row)
            return None if value is None else compiled.fullmatch(str(value)) is not None

        return matches

    def _operand(self) -> _Operand:
        sign = "-" if self._sign("-") else ""
        kind, text = self._take()
        if kind == "number":
            return _Operand(literal=f"{sign}{text}", number=True)
        if sign:
            raise self._unexpected(-1)
        if kind == "text":
            return _Operand(literal=text[1:-1].replace("''", "'"))
        name = text.strip('"`').lower()
        if kind == "name" and name in {"date", "timestamp"} and self._next_is_text():
            return self._operand()
        if kind != "name" or (name in _RESERVED and text[0] not in '"`'):
            raise self._unexpected(-1)
        if name not in self.types:
            raise PartitionExpressionError(f"'{name}' is not a partition key; the keys are {', '.join(self.types)}")
        return _Operand(key=name, kind=self.types[name])

    def _next_is_text(self) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at][0] == "text"

    def _take(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise PartitionExpressionError(f"The expression ends too early: {self.text}")
        self.at += 1
        return self.tokens[self.at - 1]

    def _word(self, word: str) -> bool:
        found = self.at < len(self.tokens) and self.tokens[self.at][1].lower() == word
        self.at += found
        return found

    def _sign(self, sign: str) -> bool:
        found = self.at < len(self.tokens) and self.tokens[self.at] == ("sign", sign)
        self.at += found
        return found

    def _expect(self, sign: str) -> None:
        if not self._sign(sign):
            raise self._unexpected()

    def _expect_word(self, word: str) -> None:
        if not self._word(word):
            raise self._unexpected()

    def _unexpected(self, offset: int = 0) -> PartitionExpressionError:
        position = self.at + offset
        found = self.tokens[position][1] if position < len(self.tokens) else "the end"
        return PartitionExpressionError(f"Unsupported expression '{self.text}': unexpected {found}")


class _Operand:
    """A partition key, or a constant as its text."""

    def __init__(self, key: str | None = None, kind: str = "", literal: Any = None, *, number: bool = False) -> None:
        self.key, self.kind, self.literal, self.number = key, kind, literal, number

    def of(self, row: Mapping[str, Any]) -> Any:
        return self.literal if self.key is None else row[self.key]

    def as_type(self, kind: str) -> _Operand:
        """Return a constant as a value of a type. Raises PartitionExpressionError."""
        return self if self.key is not None else _Operand(kind=kind, literal=_value(self.literal, kind))


def _tokens(text: str) -> Sequence[tuple[str, str]]:
    found, at = [], 0
    while text[at:].strip():
        matched = _TOKEN.match(text, at)
        if matched is None:
            raise PartitionExpressionError(f"Unsupported expression '{text}': unexpected {text[at:].strip()[0]}")
        found.append((str(matched.lastgroup), str(matched[matched.lastgroup or 0])))
        at = matched.end()
    if not found:
        raise PartitionExpressionError("The expression is empty")
    return found


def _compared(compare: Callable[[Any, Any], bool], left: _Operand, right: _Operand) -> Condition:
    kind = left.kind or right.kind or ("decimal" if left.number and right.number else "string")
    one, two = left.as_type(kind), right.as_type(kind)
    if one.key is not None and two.key is not None and type_family(one.kind) != type_family(two.kind):
        raise PartitionExpressionError(f"{one.key} ({one.kind}) cannot be compared with {two.key} ({two.kind})")

    def condition(row: Mapping[str, Any]) -> bool | None:
        a, b = one.of(row), two.of(row)
        return None if a is None or b is None else compare(a, b)

    return condition


def type_family(kind: str) -> str:
    """Return text, number, date or timestamp: types of one family can be compared."""
    name = kind.lower().partition("(")[0].strip()
    if name in {"date", "timestamp"}:
        return name
    return "text" if name in {"string", "varchar", "char"} else "number"


def _negated(value: bool | None) -> bool | None:  # noqa: FBT001 -- a value of three-valued logic
    return None if value is None else not value


def _any(values: Sequence[bool | None]) -> bool | None:
    if any(values):
        return True
    return None if None in values else False
