"""Every scalar function: its answer, and NULL for NULL in each argument, but for those that say otherwise."""

import pytest
from sqlglot import exp

from localaws.athena import duck, results
from localaws.athena.errors import AthenaError
from localaws.athena.sql.compiler import Compiler
from localaws.athena.sql.expressions.calls import SCALARS
from localaws.athena.sql.parser.parsing import parse
from localaws.athena.sql.scope import Scope

from .reference import read_calls

CALLS = read_calls()
# json_extract of null is JSON's null, which is shown like a text.
JSON_NULL = "json_extract('{\"a\": null}', '$.a')"


def shown(instance, tables, sql):
    relation = Compiler(tables, sql).query(parse(sql))
    cursor = duck.session(instance)
    return cursor.execute(results.rendered(relation.sql, relation.columns)).fetchall()


@pytest.mark.parametrize(("call", "text"), CALLS, ids=[call for call, _ in CALLS])
def test_the_value_is_that_of_trino(instance, no_tables, call, text):
    expected = "null" if call == JSON_NULL else text

    assert shown(instance, no_tables, f"SELECT {call}") == [(expected,)]


# Trino: "a scalar function returns NULL unless it says otherwise". These do, in these places of their arguments.
KEEP_NULL = {
    "coalesce": "all",
    "nullif": "all",
    "try": "all",
    "typeof": "all",
    "row": "all",
    "concat_ws": "after the first",  # https://trino.io/docs/current/functions/string.html#concat_ws
    "format": "after the first",  # %s shows null
    "repeat": "first",  # an array of NULLs
    "greatest": "",
}


def keeps_null(name, place):
    which = KEEP_NULL.get(name, "")
    return which == "all" or (which == "after the first" and place > 0) or (which == "first" and place == 0)


def calls_with_null():
    """The calls of the file, each with NULL of the argument's type in one place."""
    for text, _ in CALLS:
        tree = parse(f"SELECT {text}")
        calls = [node for node in tree.find_all(exp.Anonymous) if str(node.this).lower() in SCALARS]
        for call in calls:
            if call.find_ancestor(exp.Lambda) is not None:
                continue
            for place, argument in enumerate(call.expressions):
                if not isinstance(argument, exp.Lambda) and not keeps_null(str(call.this).lower(), place):
                    yield call, place


GENERATED = list(calls_with_null())


KNOWN_LATER = ("that is not a literal", "time zones differ or are computed", "Showing timestamp(9)", "(unknown)")


def with_null(call, place, tables, *, typed):
    changed = call.copy()
    kind = Compiler(tables, "").expression(call.expressions[place], Scope()).type
    known = typed and "unknown" not in str(kind)
    null = parse(f"SELECT CAST(NULL AS {kind})").expressions[0] if known else exp.Null()
    changed.expressions[place].replace(null)
    return changed.sql("trino")


@pytest.mark.parametrize("typed", [True, False], ids=["of the type", "the word"])
@pytest.mark.parametrize(
    ("call", "place"), GENERATED, ids=[f"{call.sql('trino')} argument {place + 1}" for call, place in GENERATED]
)
def test_null_in_any_argument_is_null(instance, no_tables, call, place, typed):
    named = parse(f"SELECT {call.sql('trino')}").expressions[0]
    if str(named.this).lower() == "normalize" and place == 1:
        pytest.skip("the form is a word, not a value")
    if str(named.this).lower() == "reduce" and place == 1 and not typed:
        pytest.skip("the fields of a state that has no type are not known in Trino either")
    sql = with_null(call, place, no_tables, typed=typed)
    try:
        found = shown(instance, no_tables, f"SELECT {sql} FROM (VALUES 1) t(x)")
    except AthenaError as error:
        # A zone, a unit or a pattern that must be known while compiling cannot be NULL here.
        assert any(part in str(error) for part in KNOWN_LATER), sql  # noqa: PT017 -- one of two ends
        return

    assert found == [(None,)], sql


def test_every_scalar_function_is_tried():
    called = {str(node.this).lower() for text, _ in CALLS for node in parse(f"SELECT {text}").find_all(exp.Anonymous)}

    assert set(SCALARS) <= called | {"substring", "trim", "coalesce", "try", "nullif"}
