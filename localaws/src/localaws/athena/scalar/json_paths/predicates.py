"""The tests of a JSON path's filters: true, false, or None where they cannot be decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.athena.scalar.json_paths.steps import PathError, unwrapped

if TYPE_CHECKING:
    from localaws.athena.scalar.json_paths.steps import Context, Evaluate, Test


def any_of(tests: list[Test]) -> Test:
    """Return the test of `a || b`."""

    def evaluate(c: Context) -> bool | None:
        found = [test(c) for test in tests]
        return True if True in found else None if None in found else False

    return evaluate


def all_of(tests: list[Test]) -> Test:
    """Return the test of `a && b`."""

    def evaluate(c: Context) -> bool | None:
        found = [test(c) for test in tests]
        return False if False in found else None if None in found else True

    return evaluate


def exists(path: Evaluate, c: Context) -> bool | None:
    """Return whether a path has items, None where it cannot be evaluated."""
    try:
        return bool(path(c))
    except PathError:
        return None


def comparison(sign: str, left: Evaluate, right: Evaluate) -> Test:
    """Return the test of `left sign right`."""

    def evaluate(c: Context) -> bool | None:
        try:
            pairs = [(a, b) for a in unwrapped(left(c), c) for b in unwrapped(right(c), c)]
        except PathError:
            return None
        found = [_compared(sign, a, b) for a, b in pairs]
        if None in found and (not c.lax or True not in found):
            return None
        return True in found

    return evaluate


def _compared(sign: str, a: Any, b: Any) -> bool | None:  # noqa: PLR0911 -- the table of comparisons
    if isinstance(a, (dict, list)) or isinstance(b, (dict, list)):
        return None
    if sign == "starts":
        return a.startswith(b) if isinstance(a, str) and isinstance(b, str) else None
    if a is None or b is None:
        same = a is None and b is None
        return {"==": same, "!=": not same, "<>": not same}.get(sign, False if not same else sign in {"<=", ">="})
    kinds = [str if isinstance(v, str) else bool if isinstance(v, bool) else float for v in (a, b)]
    if kinds[0] is not kinds[1]:
        return None
    match sign:
        case "==":
            return bool(a == b)
        case "!=" | "<>":
            return bool(a != b)
        case "<":
            return bool(a < b)
        case "<=":
            return bool(a <= b)
        case ">":
            return bool(a > b)
    return bool(a >= b)
