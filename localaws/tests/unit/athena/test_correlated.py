# ruff: noqa: E501, ISC004 -- one query a line
"""Subqueries that a row of the outer query does or does not take part in: what SQL says, every time."""

import pytest

from localaws.athena import duck
from localaws.athena.sql.compiler import compile_text
from localaws.athena.sql.tables import Source
from localaws.athena.trino_types import BIGINT, VARCHAR

# The inner queries have ties, so any three groups are right, but always three.
TOP = "SELECT g, count(*) AS n FROM t GROUP BY 1 ORDER BY n DESC LIMIT 3"


class Ties:
    def find(self, database, table, version):
        return Source("ties", (("g", VARCHAR), ("x", BIGINT))) if table == "ties" else None


@pytest.fixture(scope="module")
def ties(instance):
    instance.execute("CREATE OR REPLACE TABLE ties AS SELECT CAST(x % 10 AS VARCHAR) g, x FROM range(1, 401) r(x)")
    return instance


FORMS = [
    (f"SELECT count(DISTINCT g) FROM t a WHERE EXISTS (SELECT 1 FROM ({TOP}) b WHERE a.g = b.g)", 3),
    (f"SELECT count(DISTINCT g) FROM t a WHERE NOT EXISTS (SELECT 1 FROM ({TOP}) b WHERE a.g = b.g)", 7),
    (f"SELECT count(DISTINCT g) FROM t a WHERE g IN (SELECT g FROM ({TOP}))", 3),
    (f"SELECT count(DISTINCT g) FROM t a WHERE (SELECT count(*) FROM ({TOP}) b WHERE a.g = b.g) = 1", 3),
    (
        "SELECT count(DISTINCT g) FROM t a WHERE EXISTS (SELECT 1 FROM (SELECT g, row_number() OVER (ORDER BY n) r "
        "FROM (SELECT g, count(*) n FROM t GROUP BY 1)) b WHERE b.r <= 4 AND a.g = b.g)",
        4,
    ),
    ("SELECT count(*) FROM t a WHERE x = (SELECT max(x) FROM t b WHERE a.g = b.g)", 10),
    ("SELECT count(*) FROM t a WHERE x IN (SELECT x FROM t b WHERE a.g = b.g ORDER BY x LIMIT 2)", 20),
    ("SELECT count(*) FROM t a WHERE EXISTS (SELECT x FROM t b WHERE a.g = b.g AND b.x > a.x LIMIT 1)", 390),
    (
        "SELECT count(DISTINCT y) FROM (SELECT (SELECT x FROM t b WHERE a.g = b.g ORDER BY x DESC LIMIT 1) y FROM t a)",
        10,
    ),
    (
        "SELECT count(*) FROM (SELECT DISTINCT g FROM t) a CROSS JOIN LATERAL "
        "(SELECT x FROM t b WHERE a.g = b.g ORDER BY x LIMIT 3) c",
        30,
    ),
    (
        f"SELECT count(DISTINCT g) FROM u a WHERE EXISTS (SELECT 1 FROM ({TOP.replace(' t ', ' u ')}) b WHERE a.g = b.g)",
        3,
    ),
    (
        "SELECT count(DISTINCT g) FROM t a WHERE EXISTS (WITH v AS (SELECT g FROM t GROUP BY g ORDER BY count(*) LIMIT 2) "
        "SELECT 1 FROM v WHERE v.g = a.g)",
        2,
    ),
]


@pytest.mark.parametrize(("sql", "expected"), FORMS, ids=[sql for sql, _ in FORMS])
def test_a_subquery_over_a_common_table_expression_is_right_every_time(ties, sql, expected):
    whole = f"WITH t AS (SELECT * FROM ties), u AS (SELECT g, x FROM t WHERE x > 0) {sql}"
    compiled = compile_text(Ties(), whole).sql
    cursor = duck.session(ties)

    assert {cursor.execute(compiled).fetchall()[0][0] for _ in range(100 if "EXISTS" in sql else 10)} == {expected}
