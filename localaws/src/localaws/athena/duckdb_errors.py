"""DuckDB's errors as Trino reports them: its own words reach nobody."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from localaws.athena.errors import AthenaError

if TYPE_CHECKING:
    import duckdb

_THROWN = re.compile(r"\b([A-Z][A-Z0-9_]{4,}): ([^\n]*?)(?:' to INT32)?(?:\n|$)")
_GROUPED = "'{1}' must be an aggregate expression or appear in GROUP BY clause"
_NO_WINDOWS = "This clause cannot contain window functions"
_CAST = "Cannot cast '{1}' to decimal: it has more digits"
_THIS_STATEMENT = "This statement is not supported by the local Athena engine"
# Patterns of DuckDB's message, in order: the code and message of Athena. {1} is the first group of the pattern.
_TRANSLATIONS = (
    (r"TRY can not be used", "NOT_SUPPORTED", "TRY around this expression is not supported by the local Athena engine"),
    (r'column "?([^"]+)"? must appear in the GROUP BY', "EXPRESSION_NOT_AGGREGATE", _GROUPED),
    (r"GROUP BY clause", "EXPRESSION_NOT_AGGREGATE", "An expression must be an aggregate or appear in GROUP BY clause"),
    (r"WHERE clause cannot contain aggregates", "EXPRESSION_NOT_SCALAR", "WHERE clause cannot contain aggregations"),
    (r"cannot contain window functions|window functions are not allowed", "EXPRESSION_NOT_SCALAR", _NO_WINDOWS),
    (r"aggregate function calls cannot be nested", "NESTED_AGGREGATION", "Cannot nest aggregations inside aggregation"),
    (
        r"aggregates are not allowed inside the TRY",
        "NOT_SUPPORTED",
        "TRY around an aggregate is not supported by the local Athena engine (compute it in a subquery)",
    ),
    (
        r"More than one row returned by a subquery",
        "SUBQUERY_MULTIPLE_ROWS",
        "Scalar sub-query has returned multiple rows",
    ),
    (
        r"Out of Memory Error",
        "EXCEEDED_LOCAL_MEMORY_LIMIT",
        "Query exhausted resources at this scale factor. LOCALAWS_ATHENA_MEMORY gives the engine more.",
    ),
    (r"Permission Error", "PERMISSION_DENIED", "The local Athena engine reads objects of S3 and nothing else"),
    (r"Could not convert string '(.*?)' to", "INVALID_CAST_ARGUMENT", "Cannot cast '{1}'"),
    (r"Could not cast value (\S+) to DECIMAL|Could not convert .*?(\S+) to DECIMAL", "INVALID_CAST_ARGUMENT", _CAST),
    (
        r"[Oo]verflow|out of range|Out of Range Error",
        "NUMERIC_VALUE_OUT_OF_RANGE",
        "A value is out of range for its type",
    ),
    (r"Conversion Error", "INVALID_CAST_ARGUMENT", "A value cannot be cast to the type that the query asks for"),
    (r"invalid UTF-8|Invalid unicode|not UTF-8", "INVALID_FUNCTION_ARGUMENT", "A text is not valid UTF-8"),
    (
        r"No files found that match",
        "HIVE_CANNOT_OPEN_SPLIT",
        "A file of the table is no longer there: the table was written while it was read, or its name has glob letters",
    ),
    (r"HTTP Error|HTTP (?:GET|HEAD)", "HIVE_CANNOT_OPEN_SPLIT", "An object of the table could not be read from S3"),
    (
        r"CSV Error|Invalid Input Error: .*(?:CSV|JSON|gzip|Parquet)",
        "HIVE_BAD_DATA",
        "A file of the table cannot be read",
    ),
    (r"Malformed JSON", "HIVE_BAD_DATA", "A file of the table is not JSON"),
    (r"(?:Binder|Catalog|Parser|Not implemented) Error", "NOT_SUPPORTED", _THIS_STATEMENT),
)
_log = logging.getLogger(__name__)


def translated(error: duckdb.Error) -> AthenaError:
    """Return DuckDB's error as Trino reports it, GENERIC_INTERNAL_ERROR when Trino's report is not known.

    What DuckDB said is logged.
    """
    text = str(error)
    thrown = _THROWN.search(text)
    if thrown is not None:
        return AthenaError(thrown[1], thrown[2])
    _log.info("duckdb: %s", text)
    for pattern, code, message in _TRANSLATIONS:
        found = re.search(pattern, text)
        if found is not None:
            groups = [group for group in found.groups() if group is not None]
            return AthenaError(code, message.format(found[0], *groups[:1]) if groups else message)
    return AthenaError("GENERIC_INTERNAL_ERROR", "The local Athena engine failed; its log has the reason")
