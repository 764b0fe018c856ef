"""Parses CREATE TABLE of an Iceberg table, which has Hive types and Iceberg transforms in one statement."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from localaws.athena.ddl.names import COLUMN, split_name
from localaws.athena.errors import AthenaError, MalformedQueryError
from localaws.athena.hive_types import from_hive
from localaws.athena.trino_types import MICROS, TrinoType

_HEAD = re.compile(
    r"CREATE\s+(?P<external>EXTERNAL\s+)?TABLE\s+(?P<exists>IF\s+NOT\s+EXISTS\s+)?(?P<name>[\w.`\"-]+)\s*\(",
    re.IGNORECASE,
)
_TRANSFORM = re.compile(rf"(\w+)\s*\(\s*(?:(\d+)\s*,\s*)?{COLUMN}\s*(?:,\s*(\d+)\s*)?\)")
_PARTITION = re.compile(r"PARTITION\s*\(((?:'[^']*'|[^')])*)\)(?:\s*LOCATION\s+'([^']+)')?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class PartitionField:
    """One item of PARTITIONED BY: `transform` is identity, year, month, day, hour, bucket or truncate."""

    column: str
    transform: str = "identity"
    width: int = 0


@dataclass(frozen=True)
class IcebergDefinition:
    """A parsed CREATE TABLE. Columns are name, type and comment."""

    database: str | None
    table: str
    columns: tuple[tuple[str, TrinoType, str], ...]
    partitioning: tuple[PartitionField, ...] = ()
    location: str = ""
    properties: dict[str, str] = field(default_factory=dict)
    if_not_exists: bool = False


def is_iceberg(sql: str) -> bool:
    """Return whether the statement creates an Iceberg table."""
    return re.search(r"['\"]?table_type['\"]?\s*=\s*'iceberg'", sql, re.IGNORECASE) is not None


def parse_create(sql: str) -> IcebergDefinition:
    """Parse the statement. Raises MalformedQueryError."""
    head = _HEAD.match(sql)
    if head is None:
        raise MalformedQueryError("line 1:8: mismatched input. Expecting: 'TABLE'")
    body, rest = enclosed(sql, head.end() - 1)
    database, table = split_name(head["name"], "")
    partitioned = re.search(r"PARTITIONED\s+BY\s*\(", rest, re.IGNORECASE)
    items = split_top(enclosed(rest, partitioned.end() - 1)[0]) if partitioned else []
    properties = re.search(r"TBLPROPERTIES\s*\(", rest, re.IGNORECASE)
    pairs = re.findall(r"'([^']+)'\s*=\s*'([^']*)'", enclosed(rest, properties.end() - 1)[0]) if properties else []
    location = re.search(r"LOCATION\s+'([^']+)'", rest, re.IGNORECASE)
    # table_type and format are properties of the statement, not of the Iceberg table.
    return IcebergDefinition(
        database=database or None,
        table=table,
        columns=tuple(column(item) for item in split_top(body)),
        partitioning=tuple(partition_field(item) for item in items),
        location=location[1].rstrip("/") if location else "",
        properties={k.lower(): v for k, v in pairs if k.lower() not in {"table_type", "format"}},
        if_not_exists=head["exists"] is not None,
    )


def partition_field(text: str) -> PartitionField:
    """Parse `day(ts)`, `bucket(16, id)`, `truncate(id, 4)` or a column name. Raises MalformedQueryError."""
    matched = _TRANSFORM.fullmatch(text.strip())
    if matched is None:
        return PartitionField(text.strip().strip('`"').lower())
    name = {"years": "year", "months": "month", "days": "day", "hours": "hour"}.get(
        matched[1].lower(), matched[1].lower()
    )
    width = int(matched[2] or matched[4] or 0)
    if name not in {"year", "month", "day", "hour", "bucket", "truncate"} or (name in {"bucket", "truncate"}) != (
        width > 0
    ):
        raise MalformedQueryError(f"Invalid partition field: {text.strip()}")
    return PartitionField(matched[3].lower(), name, width)


def column(text: str) -> tuple[str, TrinoType, str]:
    """Parse `name type [COMMENT '…']`; return name, type and comment. Raises MalformedQueryError."""
    matched = re.fullmatch(
        rf"\s*{COLUMN}\s+(.+?)\s*(?:COMMENT\s+'((?:[^'\\]|''|\\.)*)')?\s*", text, re.IGNORECASE | re.DOTALL
    )
    if matched is None:
        raise MalformedQueryError(f"mismatched input '{text.strip()}'. Expecting: a column definition")
    name, written, comment = matched[1].lower(), matched[2].strip(), _unescaped(matched[3] or "")
    if written.lower() == "timestamptz":
        return name, TrinoType("timestamp with time zone", MICROS), comment
    return name, from_hive(written), comment


def _unescaped(comment: str) -> str:
    """Return the text of a string of Hive, in which a quote is doubled or stands after a backslash."""
    return re.sub(r"''|\\(.)", lambda found: found[1] or "'", comment)


def enclosed(text: str, start: int) -> tuple[str, str]:
    """Return the text between the parenthesis at `start` and the one that closes it, and the text after that.

    Raises MalformedQueryError when it is not closed.
    """
    depth, quoted = 0, False
    for position in range(start, len(text)):
        if text[position] == "'":  # a doubled quote leaves the string and enters it again
            quoted = not quoted
        elif not quoted and text[position] == "(":
            depth += 1
        elif not quoted and text[position] == ")":
            depth -= 1
            if depth == 0:
                return text[start + 1 : position], text[position + 1 :]
    raise MalformedQueryError("mismatched input '<EOF>'. Expecting: ')'")


def split_top(text: str) -> list[str]:
    """Split at the commas that are outside brackets and strings; return the parts that are not empty."""
    parts, depth, quoted, begin = [], 0, False, 0
    for position, letter in enumerate(text):
        if letter == "'":
            quoted = not quoted
        elif not quoted:
            depth += {"(": 1, "<": 1, "[": 1, ")": -1, ">": -1, "]": -1}.get(letter, 0)
            if letter == "," and depth == 0:
                parts.append(text[begin:position])
                begin = position + 1
    return [part for part in [*parts, text[begin:]] if part.strip()]


def parse_partitions(text: str, keys: list[str], table: str) -> list[tuple[tuple[str, ...], str | None]]:
    """Parse `PARTITION (key = 'value', …) [LOCATION '…'] …` of ALTER TABLE.

    Returns the values of each partition in the order of `keys`, and its location if one is given.
    Raises AthenaError for other keys, MalformedQueryError without a partition.
    """
    found = []
    for matched in _PARTITION.finditer(text):
        pairs = re.findall(r"[`\"]?(\w+)[`\"]?\s*=\s*(?:'([^']*)'|([^\s,]+))", matched[1])
        values = {key.lower(): quoted or bare for key, quoted, bare in pairs}
        if sorted(values) != sorted(keys):
            raise AthenaError("FAILED", f"A partition of {table} is named by {', '.join(keys)}")
        found.append((tuple(values[key] for key in keys), matched[2]))
    if not found:
        raise MalformedQueryError(f"mismatched input '{text.strip()[:30]}'. Expecting: PARTITION (key = 'value')")
    return found
