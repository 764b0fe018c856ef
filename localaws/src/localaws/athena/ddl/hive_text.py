"""CREATE EXTERNAL TABLE as people write it, for a parser that knows less: the catalog in names, escaped quotes."""

from __future__ import annotations

import re

from localaws.athena.ddl.names import split_name

_HEAD = re.compile(r"(CREATE\s+EXTERNAL\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?)([\w.`\"-]+)", re.IGNORECASE)
_STRING = re.compile(r"'(?:[^'\\]|\\.|'')*'", re.DOTALL)


def for_two_part_names(sql: str) -> str:
    """Return the statement with database and table as its name, and with quotes in strings doubled.

    Raises AthenaError for another data catalog than Glue's.
    """
    matched = _HEAD.match(sql)
    if matched is not None:
        parts = [part for part in split_name(matched[2], "") if part]
        sql = f"{matched[1]}{'.'.join(f'`{part}`' for part in parts)}{sql[matched.end() :]}"
    return _STRING.sub(lambda string: string[0].replace("\\'", "''"), sql)
