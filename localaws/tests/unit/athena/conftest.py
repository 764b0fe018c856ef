"""The compiler on DuckDB alone: no server, no catalog."""

import duckdb
import pytest

from localaws.athena import duck
from localaws.athena.sql.compiler import compile_text
from localaws.athena.sql.tables import Source, View
from localaws.athena.trino_types import BIGINT, DATE, VARCHAR, TrinoType, array, decimal

ORDERS = (
    ("id", BIGINT),
    ("day", DATE),
    ("amount", decimal(12, 2)),
    ("tags", array(VARCHAR)),
    ("at", TrinoType("timestamp with time zone", 6)),
)
ROWS = (
    "(1, DATE '2024-01-01', 10.50, ['a', 'b'], TIMESTAMPTZ '2024-01-01 10:00:00+00'), "
    "(2, DATE '2024-01-02', 20.00, [], TIMESTAMPTZ '2024-01-02 10:00:00+00'), "
    "(3, DATE '2024-01-02', NULL, NULL, TIMESTAMPTZ '2024-01-02 23:30:00+00')"
)


class Tables:
    """One table, a view of it, and a view that contains itself."""

    def find(self, database, table, version):
        cells = ", ".join(f'CAST(v."{name}" AS {kind.duckdb}) AS "{name}"' for name, kind in ORDERS)
        names = ", ".join(f'"{name}"' for name, _ in ORDERS)
        return {
            ("lake", "orders"): Source(f"(SELECT {cells} FROM (VALUES {ROWS}) AS v({names}))", ORDERS),
            ("lake", "daily"): View("SELECT day, sum(amount) AS total FROM orders GROUP BY day", "lake"),
            ("lake", "loop"): View("SELECT * FROM loop", "lake"),
        }.get((database, table))


class NoTables:
    """A catalog without tables."""

    def find(self, database, table, version):
        return None


@pytest.fixture
def tables():
    return Tables()


@pytest.fixture
def no_tables():
    return NoTables()


@pytest.fixture(scope="session")
def instance():
    connection = duckdb.connect()
    duck.add_functions(connection)
    return connection


@pytest.fixture
def run(instance, tables):
    """Compile a query in database `lake`; return its rows and its Trino types."""

    def run_query(sql):
        relation = compile_text(tables, sql, "lake")
        cursor = duck.session(instance)
        return cursor.execute(relation.sql).fetchall(), [str(kind) for _, kind in relation.columns]

    return run_query
