"""Date patterns of MySQL (date_format) and of Joda (format_datetime) as patterns of DuckDB's strftime."""

from __future__ import annotations

import re

from localaws.athena.errors import UnsupportedSqlError

_MYSQL = {
    "a": "%a", "b": "%b", "c": "%-m", "d": "%d", "e": "%-d", "f": "%f", "H": "%H", "h": "%I", "I": "%I", "i": "%M",
    "j": "%j", "k": "%-H", "l": "%-I", "M": "%B", "m": "%m", "p": "%p", "r": "%I:%M:%S %p", "S": "%S", "s": "%S",
    "T": "%H:%M:%S", "v": "%V", "W": "%A", "x": "%G", "Y": "%Y", "y": "%y", "%": "%%",
}  # fmt: skip
_JODA = {
    "yyyy": "%Y", "yy": "%y", "y": "%Y", "YYYY": "%Y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "M": "%-m", "dd": "%d",
    "d": "%-d", "EEEE": "%A", "EEE": "%a", "EE": "%a", "E": "%a", "HH": "%H", "H": "%-H", "hh": "%I", "h": "%-I",
    "mm": "%M", "m": "%-M", "ss": "%S", "s": "%-S", "SSS": "%g", "a": "%p", "DDD": "%j", "ww": "%V", "xxxx": "%G",
    "e": "%u",
}  # fmt: skip


def mysql_format(pattern: str) -> str:
    """Return strftime's pattern for one of MySQL. Raises UnsupportedSqlError for a letter that it does not have."""

    def one(matched: re.Match[str]) -> str:
        if matched[1] not in _MYSQL:
            raise UnsupportedSqlError(f"Date format %{matched[1]}")
        return _MYSQL[matched[1]]

    return re.sub(r"%(.)", one, pattern)


def joda_format(pattern: str) -> str:
    """Return strftime's pattern for one of Joda. Raises UnsupportedSqlError for letters that it does not have."""
    out = []
    for matched in re.finditer(r"'([^']*)'|([A-Za-z])\2*|.", pattern):
        token = matched.group()
        if token.startswith("'"):
            out.append((matched[1] or "'").replace("%", "%%"))
        elif token.isalpha():
            if token not in _JODA:
                raise UnsupportedSqlError(f"Datetime pattern {token}")
            out.append(_JODA[token])
        else:
            out.append(token.replace("%", "%%"))
    return "".join(out)
