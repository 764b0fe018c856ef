"""Compares the engine with the recorded answers of a real Trino: the same value and type, or an error with the name."""

import datetime as dt
import json
import math
from pathlib import Path

import pytest

from localaws.athena import dialects, duck
from localaws.athena.errors import UnsupportedSqlError
from localaws.athena.sql.compiler import compile_text

CASES = json.loads((Path(__file__).parent / "trino_answers.json").read_text(encoding="utf-8"))
# Approximate by definition: the engine counts exactly, which is within any error bound.
APPROXIMATE = {"SELECT approx_distinct(x) FROM (SELECT x FROM UNNEST(sequence(1,10000)) t(x))": 0.023}
ANSWERED = [case for case in CASES if "refused" not in case]
REFUSED = [case for case in CASES if "refused" in case]


def plain(value, kind):  # noqa: C901, PLR0911 -- one spelling per type
    """A value in the notation of the file of answers."""
    if value is None:
        return None
    match kind.name:
        case "decimal":
            return str(value)
        case "timestamp with time zone":
            return value.astimezone(dt.UTC).isoformat() + "|tz"
        case "date":
            return value.isoformat() + "D"
        case "timestamp" | "time":
            return value.isoformat()
        case "interval day to second":
            return f"td{value.total_seconds()}"
        case "interval year to month":
            years, months = divmod(round(value.days / 30), 12)
            return f"relativedelta(years=+{years}, months=+{months})"
        case "varbinary":
            return value.hex()
        case "array":
            return [plain(item, kind.element) for item in value]
        case "map":
            return {str(key): plain(item, kind.element) for key, item in value.items()}
        case "row":
            return [plain(item, part) for item, part in zip(value.values(), kind.args, strict=True)]
    return value


def same(one, two, tolerance):
    if isinstance(one, (int, float)) and isinstance(two, (int, float)) and not isinstance(one, bool):
        return one == two or math.isclose(one, two, rel_tol=tolerance)
    return one == two


def in_order(rows, sql):
    return rows if "ORDER BY" in sql else sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


@pytest.mark.parametrize("case", ANSWERED, ids=lambda case: case["sql"])
def test_the_answer_and_its_types_are_those_of_trino(instance, no_tables, case):
    relation = compile_text(no_tables, case["sql"], dialect=dialects.TRINO)

    cursor = duck.session(instance)
    found = [
        [plain(value, kind) for value, (_, kind) in zip(row, relation.columns, strict=True)]
        for row in cursor.execute(relation.sql).fetchall()
    ]
    described = cursor.execute(f"DESCRIBE {relation.sql}").fetchall()

    pairs = zip(in_order(found, case["sql"]), in_order(case["trino"], case["sql"]), strict=True)
    tolerance = APPROXIMATE.get(case["sql"], 1e-12)
    assert all(same(a, b, tolerance) for one, two in pairs for a, b in zip(one, two, strict=True)), found
    expected = [kind.duckdb.replace("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE") for _, kind in relation.columns]
    assert [row[1].replace('"', "") for row in described] == [text.replace('"', "") for text in expected]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["sql"])
def test_the_error_for_an_unsupported_expression_names_it(no_tables, case):
    with pytest.raises(UnsupportedSqlError) as raised:
        compile_text(no_tables, case["sql"], dialect=dialects.TRINO)

    assert str(raised.value) == f"NOT_SUPPORTED: {case['refused']} is not supported by the local Athena engine"
