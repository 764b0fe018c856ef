"""Reads a JSON path and returns the function that evaluates it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from localaws.athena.scalar.json_paths import predicates, steps
from localaws.athena.scalar.json_texts import Number, load
from localaws.athena.scalar.signature import ScalarError

if TYPE_CHECKING:
    from localaws.athena.scalar.json_paths.steps import Evaluate, Test

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<text>"(?:[^"\\]|\\.)*")|(?P<name>[A-Za-z_]\w*)"""
    r"""|(?P<sign>\.\.|&&|\|\||==|!=|<>|<=|>=|[$@.\[\]()*,?!<>+\-/%]))"""
)
_METHODS = frozenset({"abs", "ceiling", "floor", "double", "size", "type", "keyvalue"})


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.tokens, end = text, [], 0
        while end < len(text.rstrip()):
            matched = _TOKEN.match(text, end)
            if matched is None:
                raise self.error(text[end:])
            self.tokens.append((str(matched.lastgroup), matched[str(matched.lastgroup)]))
            end = matched.end()
        self.at = 0

    def error(self, near: str) -> ScalarError:
        return ScalarError(f"Invalid JSON path: '{self.text}' near '{near}'", "INVALID_PATH")

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self, *wanted: str) -> str:
        found = self.peek()
        if not found or (wanted and found not in wanted):
            return ""
        self.at += 1
        return found

    def need(self, wanted: str) -> None:
        if not self.take(wanted):
            raise self.error(self.peek() or "the end")

    def whole(self) -> tuple[bool, Evaluate]:
        mode = self.take("lax", "strict")
        if not mode:
            raise self.error(self.peek() or "the end")
        evaluate = self.sum()
        if self.peek():
            raise self.error(self.peek())
        return mode == "lax", evaluate

    def sum(self) -> Evaluate:
        left = self.product()
        while sign := self.take("+", "-"):
            left = steps.arithmetic(sign, left, self.product())
        return left

    def product(self) -> Evaluate:
        left = self.unary()
        while sign := self.take("*", "/", "%"):
            left = steps.arithmetic(sign, left, self.unary())
        return left

    def unary(self) -> Evaluate:
        if self.take("-"):
            inner = self.unary()
            return lambda c: [-steps.numeric(v) for v in inner(c)]
        if self.take("+"):
            return self.unary()
        return self.accessors(self.primary())

    def primary(self) -> Evaluate:  # noqa: PLR0911 -- the table of primaries
        kind, text = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
        self.at += 1
        match kind, text:
            case "number", _:
                value: Any = int(text) if text.isdigit() else Number(text)
                return lambda _: [value]
            case "text", _:
                string = load(text)
                return lambda _: [string]
            case _, "$":
                return lambda c: [c.root]
            case _, "@":
                return lambda c: [c.item]
            case _, "last":
                return lambda c: [c.last]
            case _, "true" | "false" | "null":
                constant = {"true": True, "false": False, "null": None}[text]
                return lambda _: [constant]
            case _, "(":
                inner = self.sum()
                self.need(")")
                return inner
        raise self.error(text or "the end")

    def accessors(self, base: Evaluate) -> Evaluate:
        while True:
            if self.take("."):
                base = self.member(base)
            elif self.take(".."):
                base = steps.descendants(base, self.name())
            elif self.take("["):
                base = self.subscripts(base)
            elif self.take("?"):
                self.need("(")
                test = self.disjunction()
                self.need(")")
                base = steps.filtered(base, test)
            else:
                return base

    def name(self) -> str:
        kind, text = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
        self.at += 1
        if kind not in {"name", "text"}:
            raise self.error(text or "the end")
        return str(load(text)) if kind == "text" else text

    def member(self, base: Evaluate) -> Evaluate:
        if self.take("*"):
            return steps.members(base)
        quoted = self.peek().startswith('"')
        name = self.name()
        if not quoted and name in _METHODS and self.take("("):
            self.need(")")
            return steps.method(base, name)
        return steps.member(base, name)

    def subscripts(self, base: Evaluate) -> Evaluate:
        if self.take("*"):
            self.need("]")
            return steps.elements(base)
        ranges = [self.subscript()]
        while self.take(","):
            ranges.append(self.subscript())
        self.need("]")
        return steps.subscripts(base, ranges)

    def subscript(self) -> tuple[Evaluate, Evaluate | None]:
        first = self.sum()
        return first, self.sum() if self.take("to") else None

    def disjunction(self) -> Test:
        tests = [self.conjunction()]
        while self.take("||"):
            tests.append(self.conjunction())
        return tests[0] if len(tests) == 1 else predicates.any_of(tests)

    def conjunction(self) -> Test:
        tests = [self.negation()]
        while self.take("&&"):
            tests.append(self.negation())
        return tests[0] if len(tests) == 1 else predicates.all_of(tests)

    def negation(self) -> Test:
        if self.take("!"):
            inner = self.negation()
            return lambda c: None if (found := inner(c)) is None else not found
        return self.predicate()

    def predicate(self) -> Test:
        start = self.at
        if self.take("exists"):
            self.need("(")
            path = self.sum()
            self.need(")")
            return lambda c: predicates.exists(path, c)
        if self.take("("):
            try:
                inner = self.disjunction()
                self.need(")")
            except ScalarError:
                self.at = start
            else:
                return self.unknown(inner)
        return self.comparison()

    def unknown(self, inner: Test) -> Test:
        if self.take("is"):
            self.need("unknown")
            return lambda c: inner(c) is None
        return inner

    def comparison(self) -> Test:
        left = self.sum()
        if self.take("starts"):
            self.need("with")
            return predicates.comparison("starts", left, self.sum())
        if self.peek() == "like_regex":
            raise ScalarError("like_regex in a JSON path is not supported by the local Athena engine", "NOT_SUPPORTED")
        sign = self.take("==", "!=", "<>", "<", "<=", ">", ">=")
        if not sign:
            raise self.error(self.peek() or "the end")
        return predicates.comparison(sign, left, self.sum())


@lru_cache(maxsize=256)
def compiled(path: str) -> tuple[bool, Evaluate]:
    """Return whether the mode is lax, and the path as a function. Raises ScalarError for a text that is no path."""
    return _Parser(path).whole()


def check(path: str) -> None:
    """Raise ScalarError when the text is not a path, NOT_SUPPORTED for a construct that is missing here."""
    compiled(path)
