r"""The part of SQL that means the same in Spark, DuckDB and Trino, as far as rules need it.

A rule must have the same result on every engine. So only the keywords and functions listed here are allowed in an
expression, and everything else is refused with the reason. Known differences:

- Java's `$` also matches before a last line break, RE2's does not: values get a sentinel appended (`matches`).
- Spark reads `\` in a string as an escape, the others do not: no backslash anywhere.
- `7/2` is 3.5, 3 or 3: no division.
"""

import re
from collections.abc import Collection
from datetime import UTC, date, datetime
from decimal import Decimal

KEYWORDS = frozenset(
    {"and", "as", "between", "case", "date", "day", "decimal", "else", "end", "false", "hour", "in", "interval", "is"}
    | {"like", "minute", "not", "null", "or", "second", "then", "timestamp", "true", "when"}
)
FUNCTIONS = frozenset({"abs", "cast", "coalesce", "length", "nullif", "regexp_like"})

_TOKEN = re.compile(
    r"""(?P<string>'(?:[^']|'')*')
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<number>[0-9]+(?:\.[0-9]+)?)
      | (?P<operator><>|!=|<=|>=|\|\||[-+*=<>(),])
      | (?P<space>\s+)""",
    re.VERBOSE,
)
_ADVICE = {
    "/": "engines divide integers differently; compare products instead",
    "\\": "engines unescape backslashes differently; use a character class such as [0-9] or [.]",
    '"': "write strings in single quotes and column names bare",
    "%": "the remainder of negative numbers is not portable",
    ";": "a rule is one expression",
}
_CLOCK = frozenset({"now", "current_timestamp", "current_date", "localtimestamp", "rand", "random", "uuid"})


_EXACT = re.compile(r"""'(?:[^']|'')*'|"[^"]*"|[A-Za-z_][A-Za-z0-9_]*|(?P<number>[0-9]+\.[0-9]+)(?![eE0-9])|[0-9]+""")


def exact_numbers(sql: str) -> str:
    """Return SQL for Athena in which `0.25` is `DECIMAL '0.25'`: Athena reads the bare number as a double."""
    return _EXACT.sub(lambda found: f"DECIMAL '{found[0]}'" if found["number"] else found[0], sql)


def expression_faults(expression: str, columns: Collection[str]) -> list[str]:
    """Return why `expression` is not one portable boolean expression over `columns`; empty if it is one."""
    tokens, faults = _tokens(expression)
    depth = 0
    for position, (kind, text) in enumerate(tokens):
        depth += {"(": 1, ")": -1}.get(text, 0) if kind == "operator" else 0
        follower = tokens[position + 1][1] if position + 1 < len(tokens) else ""
        if kind == "string" and "\\" in text:
            faults.append(f"{text}: {_ADVICE[chr(92)]}")
        if kind == "word":
            faults.extend(_word_faults(text, columns, called=follower == "("))
        if depth < 0:
            break
    if depth:
        faults.append("brackets do not balance")
    if not tokens:
        faults.append("write one boolean SQL expression over the columns of a row")
    return faults


def expression_columns(expression: str, columns: Collection[str]) -> tuple[str, ...]:
    """Return the columns an expression reads, in order of first use."""
    words = [text for kind, text in _tokens(expression)[0] if kind == "word"]
    return tuple(dict.fromkeys(word for word in words if word in columns))


def _tokens(expression: str) -> tuple[list[tuple[str, str]], list[str]]:
    tokens: list[tuple[str, str]] = []
    position = 0
    while position < len(expression):
        match = _TOKEN.match(expression, position)
        if match is None:
            bad = expression[position]
            return tokens, [f"{bad!r} at position {position}: {_ADVICE.get(bad, 'not part of the shared SQL')}"]
        if match.lastgroup not in (None, "space"):
            tokens.append((str(match.lastgroup), match.group()))
        position = match.end()
    return tokens, []


def _word_faults(word: str, columns: Collection[str], *, called: bool) -> list[str]:
    lowered = word.lower()
    if lowered in _CLOCK:
        return [f"{word}: a rule must give the same answer tomorrow; compare with the column _ingested_at"]
    if word in columns or lowered in KEYWORDS:
        return []
    if called:
        allowed = ", ".join(sorted(FUNCTIONS))
        return [] if lowered in FUNCTIONS else [f"{word}(): not the same on every engine; these are: {allowed}"]
    return [f"{word}: no such column; the table has {', '.join(columns)}"]


def pattern_faults(pattern: str) -> list[str]:
    """Return why a regular expression may differ between Java, RE2 and Joni; empty if it means the same in all."""
    faults = []
    if not (pattern.startswith("^") and pattern.endswith("$")):
        faults.append("start it with ^ and end it with $: a pattern describes the whole value")
    if "\\" in pattern:
        faults.append(_ADVICE["\\"])
    if "(?" in pattern:
        faults.append("look-around and flags are not known to every engine")
    # Inside a character class a dot is only a dot, so classes are removed before the search.
    outside = re.sub(r"\[\^?\]?[^\]]*\]", "", pattern)
    if "." in outside:
        faults.append("a bare dot matches line breaks differently; write [.] for a dot, [^ ] for any character")
    if "[" in outside or any("[" in inside or "&&" in inside for inside in re.findall(r"\[(.*?)\]", pattern)):
        faults.append("nested character classes are not portable")
    return faults or _syntax_faults(pattern)


def _syntax_faults(pattern: str) -> list[str]:
    try:
        re.compile(pattern)
    except re.error as error:
        return [f"not a regular expression: {error}"]
    return []


def matches(column: str, pattern: str) -> str:
    """Return SQL that is true when the whole value matches `pattern`, for which `pattern_faults` returns nothing.

    The appended dot ends the value, so no engine can see a trailing line break as the end of the text.
    """
    body = pattern.removeprefix("^").removesuffix("$")
    return f"regexp_like({column} || '.', {literal(f'^({body})[.]$')})"


def literal(value: object) -> str:
    """Return a value of a contract as an SQL literal. Raises ValueError for a value without a portable literal."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | Decimal):
        return format(Decimal(str(value)), "f")
    if isinstance(value, datetime):
        instant = value.astimezone(UTC) if value.tzinfo else value
        # Naive on purpose: sessions run in UTC, and only Spark and Trino take an offset inside a timestamp literal.
        return f"timestamp '{instant.replace(tzinfo=None):%Y-%m-%d %H:%M:%S.%f}'"
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    if isinstance(value, str) and "\\" not in value:
        return text_literal(value)
    raise ValueError(_ADVICE["\\"] if isinstance(value, str) else f"{type(value).__name__} has no SQL literal here")


def text_literal(text: str) -> str:
    """Return a text as a literal of SQL. A backslash is itself in DuckDB and Athena; Spark reads it as an escape."""
    return "'" + text.replace("'", "''") + "'"
