"""The custom property `cartlake.mask`."""

import pytest

from cartlake.contracts.custom_properties.masks import MASK, mask_of
from cartlake.contracts.errors import Faults
from cartlake.contracts.odcs import Property


def mask(chosen, kind="string", *, tags=("pii",)):
    faults = Faults()
    column = Property(name="c", physicalType=kind, logicalType={"bigint": "integer"}.get(kind, kind), tags=tags)
    return mask_of(column, chosen, "schema.t.c", faults), [str(fault) for fault in faults.found]


@pytest.mark.parametrize(
    ("chosen", "kind", "sql"),
    [
        pytest.param(None, "string", "cast(null as varchar)", id="redacted by default"),
        pytest.param("redact", "date", "cast(null as date)", id="redacted date"),
        pytest.param("year", "date", "cast(date_trunc('year', c) as date)", id="year"),
        pytest.param("domain", "string", "'***@' || split_part(c, '@', 2)", id="domain"),
        pytest.param("prefix(3)", "string", "substr(c, 1, 3)", id="prefix"),
        pytest.param("hash", "string", "lower(to_hex(sha256(to_utf8(c))))", id="hash"),
    ],
)
def test_a_mask_keeps_the_type_of_its_column(chosen, kind, sql):
    assert mask(chosen, kind) == (sql, [])


def test_what_is_not_personal_is_not_masked():
    assert mask(None, tags=()) == ("", [])


@pytest.mark.parametrize(
    ("chosen", "kind", "tags", "advice"),
    [
        pytest.param("year", "string", ("pii",), "choose redact", id="mask of another type"),
        pytest.param("prefix(0)", "string", ("pii",), "prefix(n) with n from 1 to 9", id="prefix of nothing"),
        pytest.param("redact", "string", (), "only a column with the tag pii", id="mask of what is not personal"),
        pytest.param(None, "bigint", ("pii",), "no mask for a column of type bigint", id="type without a mask"),
    ],
)
def test_a_mask_that_cannot_be_is_refused_and_nothing_is_shown(chosen, kind, tags, advice):
    sql, [problem] = mask(chosen, kind, tags=tags)

    assert advice in problem
    assert sql in ("", f"cast(null as {'varchar' if kind == 'string' else kind})")
    assert MASK in problem or "tags" in problem
