"""The names that files give columns, as the validator reads them."""

import json
import re
from dataclasses import replace

import duckdb
import pytest

from cartlake.contracts.names import plain
from cartlake.json_lines import key_pattern, key_replacement
from lambdas.file_validator.content.columns import check_columns, columns_called
from lambdas.file_validator.content.json_head import JsonHead
from lambdas.file_validator.content.refusal import Reason, RefusedError
from lambdas.file_validator.content.rules import ExpectedColumn
from tests.unit.lambdas.test_file_content import RULES

ALIASED = replace(
    RULES,
    columns=(
        ExpectedColumn("order_id", "string", required=True, aliases=("Order ID", "Bestellnummer")),
        ExpectedColumn("amount", "decimal(12,2)", required=True, aliases=("Total (EUR)",)),
        ExpectedColumn("note", "string", required=False),
    ),
)
LOOSE = replace(ALIASED, loose_names=True)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("order_id", "order_id"),
        ("Order ID", "order_id"),
        (" ORDER-ID\t", "order_id"),
        ("\ufeffOrder\u00a0Id", "order_id"),
        ("or\u200bder__id", "order_id"),
        ("order.id", "order_id"),
        ("\uff4frder_id", "order_id"),
        ("STRASSE", "strasse"),
        ("straße", "strasse"),
    ],
)
def test_plain_names(written, read):
    assert plain(written) == read


@pytest.mark.parametrize("rules", [ALIASED, LOOSE], ids=["exact", "loose"])
def test_aliases_are_names(rules):
    assert columns_called(["Bestellnummer", "Total (EUR)"], rules) == ["order_id", "amount"]


@pytest.mark.parametrize("written", ["ORDER_ID", "order id", "bestellnummer", "Order ID ", "\ufefforder_id"])
def test_other_spellings_are_names_where_the_contract_says_so_and_else_what_was_meant_is_said(written):
    assert columns_called([written], LOOSE) == ["order_id"]

    with pytest.raises(RefusedError, match="is probably order_id") as refused:
        check_columns(columns_called([written, "amount"], ALIASED), ALIASED)
    assert refused.value.rejection.reason is Reason.RENAMED_COLUMNS


@pytest.mark.parametrize(
    ("rules", "names"),
    [
        (ALIASED, ["order_id", "amount", "order_id"]),
        (ALIASED, ["order_id", "amount", "Order ID"]),
        (ALIASED, ["Order ID", "amount", "Bestellnummer"]),
        (LOOSE, ["order_id", "amount", "ORDER ID"]),
        (LOOSE, ["order_id", "amount", "order_id\u00a0"]),
    ],
)
def test_a_column_twice_is_refused_under_whatever_names(rules, names):
    with pytest.raises(RefusedError, match="more than once: order_id") as refused:
        columns_called(names, rules)

    assert refused.value.rejection.reason is Reason.DUPLICATE_COLUMNS
    for name in names:
        assert name in ("order_id", "amount") or ascii(name)[1:-1] in str(refused.value)


def test_columns_whose_names_are_alike_have_no_loose_names():
    rules = replace(
        LOOSE, columns=(*LOOSE.columns, ExpectedColumn("orderid", "string", required=False, aliases=("ORDER-ID",)))
    )

    assert columns_called(["order_id", "ORDER-ID", "Order_Id"], rules) == ["order_id", "orderid", "Order_Id"]


def json_names(*keys, rules=LOOSE):
    """The names of a JSON lines file of one row with these keys."""
    head = JsonHead(rules)
    head.feed(json.dumps(dict.fromkeys(keys, "1")).encode())
    head.finish()
    return head.names


def test_json_keys_have_the_names_of_the_first_lines_and_those_of_the_contract():
    aliases = {"Order ID": "order_id", "Bestellnummer": "order_id", "Total (EUR)": "amount"}

    assert json_names("order_id", "amount", rules=ALIASED) == aliases
    assert json_names("ORDER_ID", "amount") == {"ORDER_ID": "order_id", **aliases}


def test_a_json_key_that_is_written_with_an_escape_is_no_name():
    with pytest.raises(RefusedError, match="is probably order_id"):
        json_names("order_id\t", "amount")


KEYS = ["Größe (m²)", "Preis / Stück", "op\u00a0", "\ufeffid", "👟 size", "a.b*c[d]"]


@pytest.mark.parametrize("ensure_ascii", [False, True])
@pytest.mark.parametrize("key", KEYS)
def test_keys_are_renamed_on_every_engine_and_texts_are_not(key, ensure_ascii):
    text = {"note": f'{{"{key}": 1}}, "{key}":2', key: 1.50, "other": f",{key}:"}
    line = json.dumps(text, ensure_ascii=ensure_ascii)
    pattern, replacement = key_pattern(key), key_replacement("size", "\\")

    renamed = re.sub(pattern, replacement, line)
    in_duckdb = duckdb.execute("select regexp_replace(?, ?, ?, 'g')", [line, pattern, replacement]).fetchall()

    assert json.loads(renamed) == {"note": text["note"], "size": 1.5, "other": text["other"]}
    assert in_duckdb == [(renamed,)]
    assert re.sub(pattern, replacement, line.replace("/", "\\/")).count('"size"') == 1
