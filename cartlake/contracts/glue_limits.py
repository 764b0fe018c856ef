"""Glue's limits for names and descriptions. A table that exceeds one is refused by Glue in `lake tables apply`.

https://docs.aws.amazon.com/glue/latest/webapi/API_Column.html and API_TableInput.html
"""

import re
from typing import Final

from cartlake.contracts.errors import Faults
from cartlake.contracts.odcs import Property, SchemaObject

COMMENT_LIMIT: Final = 255
DESCRIPTION_LIMIT: Final = 2048
NAME_LIMIT: Final = 255
_SHOWN: Final = 40
# Glue's patterns for single-line and multi-line texts, without characters that no YAML file can hold.
_NOT_IN_COMMENT: Final = re.compile(r"[^\u0020-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF\t]")
_NOT_IN_DESCRIPTION: Final = re.compile(r"[^\u0020-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF\r\n\t]")


def check_table(table: SchemaObject, where: str, faults: Faults) -> None:
    """Add a fault for the name or the description of a table, or of a column, that Glue would refuse."""
    _check_name(table.name, f"{where}.name", faults)
    _check_length(table.description, f"{where}.description", DESCRIPTION_LIMIT, faults)
    if found := _NOT_IN_DESCRIPTION.search(table.description):
        faults.add(f"{where}.description", _shown(table.description), f"Glue takes no {found.group()!r}; remove it")
    for column in table.properties:
        _check_column(column, f"{where}.{column.name}", faults)


def _check_column(column: Property, where: str, faults: Faults) -> None:
    _check_name(column.name, f"{where}.name", faults)
    _check_length(column.description, f"{where}.description", COMMENT_LIMIT, faults)
    if found := _NOT_IN_COMMENT.search(column.description):
        advice = f"Glue takes no {found.group()!r} in a column's comment; write one line, in YAML after `>-`"
        faults.add(f"{where}.description", _shown(column.description), advice)


def comment(text: str) -> str:
    """Return the text as Glue accepts it for a column's comment: one line of at most COMMENT_LIMIT characters."""
    # Cut, not refused: this text comes from tables that other tools wrote.
    return _NOT_IN_COMMENT.sub(" ", text)[:COMMENT_LIMIT]


def _check_name(name: str, where: str, faults: Faults) -> None:
    if len(name) > NAME_LIMIT:
        faults.add(where, _shown(name), f"has {len(name)} characters, Glue takes {NAME_LIMIT}; choose a shorter name")


def _check_length(text: str, where: str, limit: int, faults: Faults) -> None:
    if len(text) > limit:
        advice = f"has {len(text)} characters, Glue takes {limit}; shorten it by {len(text) - limit}"
        faults.add(where, _shown(text), advice)


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
