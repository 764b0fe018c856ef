"""Texts to values: what the patterns of each plain type decide, before a cast is asked.

Every engine reads the same texts as the same values, and no others.
"""

import re

_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_LARGE = "[+-]?[0-9]{1,17}([.][0-9]{0,16})?[eE][+]?[0-9]{1,2}"
_SMALL = "[+-]?[0-9]([.][0-9]{0,16})?[eE]-0?[0-9]"
_DOUBLE = "[+-]?([0-9]{1,400}([.][0-9]{0,400})?|[.][0-9]{1,400})([eE][+-]?[0-9]{1,3})?"
_DATE = "([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-[0-9]{2}-[0-9]{2}"
_MINUTE = "([01][0-9]|2[0-3]):[0-5][0-9]"
_SECOND = f"{_MINUTE}:[0-5][0-9]"
_TIME = f"{_SECOND}([.][0-9]{{1,6}}0{{0,12}})?"
_TIME_OR_MINUTE = f"{_MINUTE}(:[0-5][0-9]([.][0-9]{{1,6}}0{{0,12}})?)?"
_YES, _NO = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")
_OFFSET = "[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?"


def read_sql(name: str, kind: str) -> str:
    """Return SQL that reads the string `name` as a plain type, null when that would lose or invent something.

    A text is a value only when all of it matches the pattern of its type, spaces around it left out. Casts alone
    differ: `'1.5'` becomes 2 in DuckDB and null in Spark, 12.345 is rounded to cents by both, DuckDB reads `'1_000'`,
    Spark `'10:00'` as a time of today and `BST` as the time of Bangladesh.
    """
    cast = f"try_cast({name} as {kind})"
    if kind == "string":
        return f"nullif({name}, '')"
    if kind in ("int", "bigint"):
        # The usual '12' needs no regular expression.
        written_out = f"cast({cast} as string) = {name}"
        return f"case when {written_out} or {_whole(name, '[+-]?[0-9]{1,60}')} then {cast} end"
    if match := _DECIMAL.fullmatch(kind):
        return _decimal(name, kind, int(match[1]), int(match[2]))
    if kind == "timestamp":
        return _timestamp(name)
    if kind == "date":
        return f"case when {_whole(name, _DATE)} then try_cast(trim({name}) as date) end"
    return _boolean(name) if kind == "boolean" else _double(name, kind)


def _double(name: str, kind: str) -> str:
    cast = f"try_cast({name} as {kind})"
    # What is too large for a double becomes infinite in Spark, null in DuckDB.
    finite = f"abs({cast}) < cast('Infinity' as {kind})"
    return f"case when {_whole(name, _DOUBLE)} and {finite} then {cast} end"


def _whole(name: str, pattern: str) -> str:
    """Return SQL that is true when all of a text matches. `$` would also match before a line break at the end."""
    return rf"{name} rlike '^ *({pattern}) *\\z'"


def _decimal(name: str, kind: str, precision: int, scale: int) -> str:
    """Read digits of which none is lost, and numbers with an exponent as programs write doubles.

    Patterns are bounded: `1E-999999999` is no value, and would keep Java busy or end the run.
    """
    cast = f"try_cast({name} as {kind})"
    fraction = f"[0-9]{{0,{scale}}}0{{0,60}}" if scale else "0{0,60}"
    plain = f"[+-]?(0{{0,60}}[0-9]{{1,38}}([.]{fraction})?|[.]{fraction})"
    # DuckDB takes `7.200e+10` for a decimal(12,2), which has no room for its eleven digits.
    most = f"cast('{'9' * (precision - scale) or '0'}.{'9' * scale or '0'}' as {kind})"
    # 16 digits after the point, and up to 9 more by the exponent, fit into a decimal that rounds nothing.
    large, small = (
        f"{_whole(name, pattern)} and abs({cast}) <= {most} and try_cast({name} as {wide}) = try_cast({cast} as {wide})"
        for pattern, wide in ((_LARGE, "decimal(38,16)"), (_SMALL, "decimal(38,25)"))
    )
    return f"case when {_whole(name, plain)} or {large} or {small} then {cast} end"


def _timestamp(name: str) -> str:
    """Read a date, alone or with a time, in UTC unless it names an offset.

    Names of zones are no values: `CST` has four meanings, and 02:30 happens twice or never where clocks are changed.
    The form that programs write comes first, as it is. The others are written as one that every engine reads, which
    takes several times as long as the cast.
    """
    plain = f"replace(trim({name}), 'Z', '')"
    time = f"upper(substr(trim({name}), 12))"
    for redundant in (" ", "UTC", "GMT", "Z"):
        time = f"replace({time}, '{redundant}', '')"
    has_seconds = f"substr(trim({name}), 17, 1) = ':'"
    other = (
        f"concat(substr(trim({name}), 1, 10), ' ', substr({time}, 1, 5), "
        f"case when {has_seconds} then '' else ':00' end, substr({time}, 6))"
    )
    # An offset could lead out of the years 1 to 9999.
    inside = f"substr(trim({name}), 1, 10) not in ('0001-01-01', '9999-12-31')"
    return (
        rf"case when {name} rlike '^{_DATE}[ T]{_SECOND}Z?\\z' then try_cast({name} as timestamp) "
        f"when {_whole(name, f'{_DATE}[ T]{_TIME}Z?')} then try_cast({plain} as timestamp) "
        f"when {_whole(name, _DATE)} then try_cast(trim({name}) as timestamp) "
        f"when {_whole(name, f'{_DATE}[ T]{_TIME_OR_MINUTE} ?([Zz]|UTC|GMT)?')} "
        f"or ({_whole(name, f'{_DATE}[ T]{_TIME_OR_MINUTE} ?{_OFFSET}')} and {inside}) "
        f"then try_cast({other} as timestamp) end"
    )


def _boolean(name: str) -> str:
    """Read words in any case. By pattern: DuckDB's `trim` also removes spaces that do not break."""
    yes, no = (_whole(name, "|".join(map(_any_case, words))) for words in (_YES, _NO))
    return f"case when {yes} then true when {no} then false end"


def _any_case(word: str) -> str:
    """Return a pattern that matches a word in capitals, small letters and both."""
    return "".join(f"[{letter.upper()}{letter}]" if letter.isalpha() else letter for letter in word)
