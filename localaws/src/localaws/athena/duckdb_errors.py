"""DuckDB's errors as Trino reports them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from localaws.athena.errors import AthenaError

if TYPE_CHECKING:
    import duckdb

_THROWN = re.compile(r"([A-Z][A-Z_]{4,}): ([^\n]*?)(?:' to INT32)?(?:\n|$)")
# Part of a message of DuckDB: the code and message of Athena for it. {0} is the first line of DuckDB's message.
_TRANSLATIONS = {
    "TRY can not be used": ("NOT_SUPPORTED", "TRY around this expression is not supported by the local Athena engine"),
    "GROUP BY clause": ("EXPRESSION_NOT_AGGREGATE", "must be an aggregate expression or appear in GROUP BY: {0}"),
    "More than one row returned by a subquery": (
        "SUBQUERY_MULTIPLE_ROWS",
        "Scalar sub-query has returned multiple rows",
    ),
    "Out of Memory Error": (
        "EXCEEDED_LOCAL_MEMORY_LIMIT",
        "Query exhausted resources at this scale factor: {0} LOCALAWS_ATHENA_MEMORY gives the engine more.",
    ),
    "Permission Error": ("PERMISSION_DENIED", "The local Athena engine reads objects of S3 and nothing else: {0}"),
    "Out of Range Error": ("NUMERIC_VALUE_OUT_OF_RANGE", "{0}"),
    "Conversion Error": ("INVALID_CAST_ARGUMENT", "{0}"),
    "Binder Error": ("NOT_SUPPORTED", "The local Athena engine could not run this statement: {0}"),
    "Catalog Error": ("NOT_SUPPORTED", "The local Athena engine could not run this statement: {0}"),
    "Parser Error": ("NOT_SUPPORTED", "The local Athena engine could not run this statement: {0}"),
}


def translated(error: duckdb.Error) -> AthenaError:
    """Return DuckDB's error as Trino reports it, GENERIC_INTERNAL_ERROR when Trino's report is not known."""
    text = str(error)
    thrown = _THROWN.search(text)
    if thrown is not None:
        return AthenaError(thrown[1], thrown[2])
    first = text.split("\n", maxsplit=1)[0]
    for part, (code, message) in _TRANSLATIONS.items():
        if part in text:
            return AthenaError(code, message.format(first))
    return AthenaError("GENERIC_INTERNAL_ERROR", first)
