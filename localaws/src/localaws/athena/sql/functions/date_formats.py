"""Date patterns of MySQL (date_format) as patterns of DuckDB's strftime, where each letter means the same there."""

from __future__ import annotations

import re

_MYSQL = {
    "a": "%a", "b": "%b", "d": "%d", "f": "%f", "H": "%H", "h": "%I", "I": "%I", "i": "%M", "j": "%j", "M": "%B",
    "m": "%m", "p": "%p", "r": "%I:%M:%S %p", "S": "%S", "s": "%S", "T": "%H:%M:%S", "W": "%A", "Y": "%Y", "y": "%y",
    "%": "%%", "c": "%-m", "e": "%-d", "k": "%-H", "l": "%-I",
}  # fmt: skip


def is_plain_mysql(pattern: str) -> bool:
    """Return whether strftime has each letter of a pattern of MySQL."""
    return all(letter in _MYSQL for letter in re.findall(r"%(.?)", pattern, re.DOTALL))


def mysql_format(pattern: str) -> str:
    """Return strftime's pattern for one of MySQL that is plain."""
    return re.sub(r"%(.)", lambda matched: _MYSQL[matched[1]], pattern)
