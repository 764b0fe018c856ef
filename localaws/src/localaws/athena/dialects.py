"""Athena's SQL is Trino's, with differences. This is the list of those that the engine knows, each with its source.

Athena's way is the default; `LOCALAWS_ATHENA_DIALECT=trino` answers as Trino does, so that answers of a real Trino can
be compared. What Athena refuses by its catalog (types of Hive tables and views) stays refused in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from localaws.settings import load

_TYPES = "https://docs.aws.amazon.com/athena/latest/ug/data-types.html"
_SERDES = "https://docs.aws.amazon.com/athena/latest/ug/supported-serdes.html"


@dataclass(frozen=True)
class Difference:
    """What Athena does otherwise than Trino, where it is written, and the module that does it here."""

    name: str
    trino: str
    athena: str
    source: str
    module: str


@dataclass(frozen=True)
class Dialect:
    """The choices that the compiler makes for one of the two."""

    name: str
    decimal_literals_are_doubles: bool


ATHENA = Dialect("athena", decimal_literals_are_doubles=True)
TRINO = Dialect("trino", decimal_literals_are_doubles=False)

DIFFERENCES = (
    Difference(
        "numbers with a point",
        "`1.2` is decimal(2,1), `1.2/7` is 0.2, `1/0.0` fails",
        "`1.2` is double, `1.2/7` is 0.17142857142857143, `1/0.0` is Infinity; an exact number is `DECIMAL '1.2'`",
        f"{_TYPES} (decimal literals), tests of PyAthena, awswrangler and dbt-athena that run on Athena",
        "sql/expressions/literals",
    ),
    Difference(
        "text tables",
        "the connector decides",
        "Hive's SerDes: a field that is missing is NULL, an empty line is a row, a boolean is true or false, "
        "a number that is not one is NULL",
        f"{_SERDES}; Hive's LazySimpleSerDe, LazyBoolean and LazyLong; tests of PyAthena (`na_values`)",
        "catalog/hive_texts",
    ),
    Difference(
        "data definition",
        "Trino's CREATE TABLE",
        "Hive's, with backticks and the types int, string and struct<…>; CREATE TABLE AS, views and INSERT are Trino's",
        "https://docs.aws.amazon.com/athena/latest/ug/ddl-reference.html",
        "ddl/",
    ),
    Difference(
        "types of views and plain files",
        "every type of Trino",
        "those of Hive: no time, timestamp with time zone, json, uuid or interval; timestamps have milliseconds",
        _TYPES,
        "hive_types",
    ),
    Difference(
        "Iceberg timestamps",
        "timestamp(6) and timestamp(6) with time zone",
        "the same: a timestamp of another precision is refused by CREATE TABLE AS",
        "https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-supported-data-types.html",
        "catalog/iceberg_types",
    ),
    Difference(
        "text of results",
        "the client formats values",
        "the service does: timestamps have milliseconds, arrays are [a, b], maps and rows {k=v}, NULL is empty",
        "https://docs.aws.amazon.com/athena/latest/ug/querying.html, result objects of AWS",
        "results",
    ),
    Difference(
        "names of types in results",
        "real, varchar(n)",
        "`float` for real, `varchar` for varchar(n)",
        "https://docs.aws.amazon.com/athena/latest/APIReference/API_ColumnInfo.html, result objects of AWS",
        "results",
    ),
    Difference(
        "catalog and user",
        "those of the session",
        "current_catalog is awsdatacatalog, current_schema the database of the query, current_user the account",
        "https://docs.aws.amazon.com/athena/latest/ug/reserved-words.html; ibis' Athena backend reads the first two",
        "sql/expressions/session",
    ),
    Difference(
        "names in statements",
        "prepared statements and columns are identifiers",
        "the same, in double quotes; ALTER TABLE takes backticks",
        "https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html",
        "athena_api, ddl/text",
    ),
)


@cache
def configured() -> Dialect:
    """Return the dialect of the setting `athena_dialect`, Athena's by default."""
    return TRINO if load().athena_dialect == TRINO.name else ATHENA
