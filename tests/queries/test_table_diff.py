"""The SQL of `lake diff`, compiled by the local Athena engine, on two versions of a table."""

import duckdb
import pytest

from cartlake import contracts
from cartlake_cli.athena.table_diff import EXAMPLES, count_sql, examples_sql
from localaws.athena import duck
from localaws.athena.hive_types import from_hive
from localaws.athena.sql.compiler import compile_text
from localaws.athena.sql.tables import Source

COLUMNS = {"order_id": "string", "line_number": "int", "order_status": "string", "quantity": "int"}
OLDER, NEWER = 1111111, 2222222


class TwoVersions:
    def find(self, database, table, version):
        name = f"v{version.value.constant}"
        return Source(name, tuple((column, from_hive(kind)) for column, kind in COLUMNS.items()))


@pytest.fixture
def compare():
    """Counts and examples of what differs between two lists of rows (order_id, line_number, status, quantity)."""
    table = contracts.load("transactions").table
    with duckdb.connect() as connection:
        duck.add_functions(connection)
        session = duck.session(connection)

        def rows(older, newer, columns=tuple(COLUMNS)):
            for version, lines in ((OLDER, older), (NEWER, newer)):
                kinds = ", ".join(f"{column} {from_hive(kind).duckdb}" for column, kind in COLUMNS.items())
                session.execute(f"create or replace table v{version} ({kinds})")
                if lines:
                    session.executemany(f"insert into v{version} values (?, ?, ?, ?)", lines)
            texts = [make(table, "processed.transactions", columns, OLDER, NEWER) for make in (count_sql, examples_sql)]
            counts, examples = (session.execute(compile_text(TwoVersions(), sql).sql).fetchall() for sql in texts)
            return dict(counts), examples

        yield rows


def test_rows_are_added_changed_and_removed_by_key(compare):
    kept, gone = ("a", 1, "paid", 1), ("b", 1, "paid", 1)
    before, after = ("a", 2, "paid", 1), ("a", 2, "returned", 3)

    counts, examples = compare([kept, gone, before], [kept, after, ("c", 1, None, 1)])

    assert counts == {"added": 1, "changed": 1, "removed": 1}
    assert examples == [
        ("added", "c", 1, None),
        ("changed", "a", 2, "order_status, quantity"),
        ("removed", "b", 1, None),
    ]


def test_null_is_a_value_like_any_other(compare):
    counts, _ = compare([("a", 1, None, 1), ("a", 2, None, 1)], [("a", 1, None, 1), ("a", 2, "paid", 1)])

    assert counts == {"changed": 1}


def test_the_same_rows_do_not_differ(compare):
    assert compare([("a", 1, "paid", 1)], [("a", 1, "paid", 1)]) == ({}, [])


def test_columns_that_only_one_version_has_are_not_compared(compare):
    counts, _ = compare(
        [("a", 1, "paid", 1)], [("a", 1, "paid", 2)], columns=("order_id", "line_number", "order_status")
    )

    assert counts == {}


def test_examples_are_few(compare):
    counts, examples = compare([], [("a", number, "paid", 1) for number in range(EXAMPLES + 5)])

    assert (counts, len(examples)) == ({"added": EXAMPLES + 5}, EXAMPLES)
