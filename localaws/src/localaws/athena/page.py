"""Writes docs/athena-functions.md: every function and statement of Athena with its state here.

Run `python -m localaws.athena.page FILE`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from localaws.athena import dialects
from localaws.athena.sql.expressions.calls import AGGREGATES, SCALARS
from localaws.athena.sql.functions import reference

_EXACT = frozenset({
    "approx_distinct", "approx_percentile", "approx_most_frequent", "approx_set", "merge",
})  # fmt: skip
_REMARKS = {
    **dict.fromkeys(_EXACT, "exact, where Athena approximates"),
    "checksum": "of integers, booleans, doubles and varchar",
    "current_user": "the account",
    "date_format": "no %D, %U, %u, %V, %w, %X, as in Trino",
    "format": "no dates and times, no %g, %a, %h",
    "format_datetime": "letters y Y M d H h K k m s S E a G D w x e Z, and z of UTC",
    "json_array_get": "no strings, whose result is not JSON in Trino either",
    "json_exists": "no PASSING, no like_regex",
    "json_query": "no PASSING, no like_regex",
    "json_value": "no PASSING, no like_regex",
    "listagg": "no ON OVERFLOW",
    "numeric_histogram": "of at most 100 values more than buckets, or as many different values as buckets",
    "parse_datetime": "the letters of format_datetime",
}
STATEMENTS = (
    (
        "SELECT, VALUES, TABLE, WITH [RECURSIVE]",
        "yes",
        "no MATCH_RECOGNIZE, JSON_TABLE, TABLESAMPLE SYSTEM; NATURAL JOIN is refused as by Trino",
    ),
    ("window frames ROWS, RANGE, GROUPS", "yes", ""),
    ("INSERT INTO", "yes", "values of a wider type are cast, and fail if they do not fit"),
    ("UPDATE, DELETE, MERGE", "yes", "Iceberg tables"),
    ("CREATE TABLE AS", "yes", "Iceberg, Parquet, JSON, text; with execution parameters"),
    ("UNLOAD", "yes", "Parquet, JSON, text"),
    ("CREATE EXTERNAL TABLE, CREATE TABLE … ICEBERG", "yes", ""),
    ("CREATE [OR REPLACE] VIEW, DROP VIEW", "yes", "types of Hive"),
    ("CREATE DATABASE, DROP DATABASE, DROP TABLE", "yes", ""),
    ("ALTER TABLE", "yes", "columns, partitions, properties, location, name"),
    ("ALTER DATABASE, ALTER VIEW DIALECT", "refused", ""),
    ("MSCK REPAIR TABLE", "yes", ""),
    ("OPTIMIZE, VACUUM", "yes", "Iceberg tables"),
    ("SHOW, DESCRIBE", "yes", ""),
    ("EXPLAIN", "yes", "DuckDB's plan; TYPE VALIDATE"),
    ("EXPLAIN ANALYZE", "refused", ""),
    ("PREPARE, EXECUTE, DEALLOCATE", "yes", "names may be in double quotes"),
    ("USING EXTERNAL FUNCTION", "refused", ""),
)


_LEGEND = (
    "`yes`: the answer is that of Trino, on which Athena engine version 3 is built. "
    "`refused`: the query fails with `NOT_SUPPORTED`, which names the function."
)


def _state(name: str) -> str:
    known = name in SCALARS or name in AGGREGATES or name in reference.WITH_OWN_SYNTAX
    return "yes" if known else "refused"


def page() -> str:
    """Return the page."""
    lines = [
        "# Functions and statements of Athena",
        "",
        "`python -m localaws.athena.page FILE` writes this page from the tables of the engine.",
        "",
        _LEGEND,
        "",
        f"{sum(_state(n) == 'yes' for n in reference.NAMES)} of {len(reference.NAMES)} functions are answered.",
        "",
        "## Differences from Trino",
        "",
        "Athena's way is the default; `LOCALAWS_ATHENA_DIALECT=trino` reads numbers as Trino does.",
        "",
        "| what | Trino | Athena | source |",
        "|---|---|---|---|",
        *(f"| {d.name} | {d.trino} | {d.athena} | {d.source} |" for d in dialects.DIFFERENCES),
        "",
        "## Statements",
        "",
        "| statement | state | remark |",
        "|---|---|---|",
        *(f"| {name} | {state} | {remark} |" for name, state, remark in STATEMENTS),
        "",
    ]
    for title, names in reference.PAGES.items():
        lines += [f"## Functions: {title}", "", "| function | state | remark |", "|---|---|---|"]
        lines += [f"| `{n}` | {_state(n)} | {_REMARKS.get(n, '')} |" for n in sorted(set(names.split()))]
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
