"""A contract drafted from a file: its guesses, what supports them, and that it can be used as it is."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from typer.testing import CliRunner

from cartlake.contracts import loading, parse
from cartlake_cli.contracts.drafts.drafting import draft, text_of
from cartlake_cli.contracts.drafts.facts import cast_in_duckdb, pattern_of
from cartlake_cli.contracts.drafts.guesses import snake_case, unique_names
from cartlake_cli.contracts.drafts.sample import kind_of
from cartlake_cli.errors import CommandError
from cartlake_cli.main import app
from tests import shops

EXPORTS = Path(__file__).parent / "exports"


@pytest.fixture
def drafted(tmp_path):
    """Write a file, draft a contract of it, and return the text and the contract that is read from it."""

    def make(content, name="stock.csv"):
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read(file, tmp_path)

    return make


def read(file, folder):
    guessed = draft(file, None, 1000)
    text = text_of(guessed)
    path = folder / f"{guessed.name}.odcs.yaml"
    path.write_text(text)
    return text, parse(path)


def types(contract):
    return {column.name: column.type for column in contract.table.file_columns}


@pytest.mark.parametrize("dataset", sorted(shops.EXPORTS))
def test_exports_of_shops_that_have_contracts_can_be_drafted_too(drafted, dataset):
    _, contract = drafted(shops.EXPORTS[dataset](shops.orders(1, 30)), "export.csv")

    assert (contract.name, contract.table.fill_down, contract.table.unpivot) == ("export", None, None)
    assert {"timestamp", "decimal(12,2)", "bigint", "string"} <= set(types(contract).values())


@pytest.mark.parametrize(
    ("export", "key", "version", "some_types"),
    [
        (
            "shopify_orders",
            ("name", "lineitem_sku"),
            "created_at",
            {
                "total": "decimal(12,2)",
                "created_at": "timestamp",
                "accepts_marketing": "boolean",
                "billing_zip": "string",
            },
        ),
        (
            "woocommerce_products",
            ("id",),
            "_received_at",
            {"gtin_upc_ean_or_isbn": "string", "sale_price": "decimal(12,2)", "stock": "bigint"},
        ),
        (
            "stripe_payments",
            ("id",),
            "created_utc",
            {"amount": "decimal(12,2)", "captured": "boolean", "card_last4": "string", "created_utc": "timestamp"},
        ),
        ("magento_orders", ("id",), "_received_at", {"id": "string", "purchase_date": "string"}),
        (
            "ga4_daily",
            ("date", "session_default_channel_group", "device_category"),
            "_received_at",
            {"sessions": "bigint", "engagement_rate": "double"},
        ),
    ],
)
def test_exports_of_shops_make_contracts(export, key, version, some_types, tmp_path):
    _, contract = read(EXPORTS / f"{export}.csv", tmp_path)

    assert contract.table.primary_key == key
    assert contract.table.version_column == version
    assert types(contract).items() >= some_types.items()


def test_every_guess_says_what_supports_it(drafted):
    rows = "".join(f"SKU-{i:04},{i},{'n/a' if i == 7 else i / 4:},user{i}@example.com\n" for i in range(40))

    text, contract = drafted(f"sku,quantity,weight,contact\n{rows}")

    assert "logicalType: integer  # guessed: all 40 values" in text
    assert "logicalType: number  # guessed: 97.5 % of 40 values" in text
    assert "primaryKey: true  # guessed: no two of 40 rows have the same" in text
    assert "tags: [pii]  # guessed: an e-mail address, all 40 values" in text
    assert {rule.name: rule.severity for rule in contract.table.row_rules}.items() >= {
        "quantity_is_not_negative": "warning",
        "sku_has_its_form": "warning",
    }.items()
    assert contract.table.row_rule("sku_has_its_form").expression.count("^[A-Z]{3}-[0-9]{4}$") == 1


def test_a_few_rows_give_no_rules(drafted):
    _, contract = drafted("sku,quantity\nA-1,3\nA-2,4\n")

    assert {rule.name for rule in contract.table.row_rules} == {"sku_required", "quantity_required"}


def test_a_file_in_three_formats_has_the_same_columns(drafted, tmp_path):
    rows = [
        {"sku": f"A{i}", "quantity": i, "price": f"{i}.50", "counted_at": f"2026-01-0{i}T10:00:00Z"}
        for i in range(1, 9)
    ]
    lines = "sku,quantity,price,counted_at\n" + "".join(",".join(map(str, row.values())) + "\n" for row in rows)
    as_csv = drafted(lines)[1]
    as_json = drafted("\n".join(json.dumps(row) for row in rows), "stock.jsonl")[1]
    zipped = drafted(gzip.compress(lines.encode()), "stock.csv.gz")[1]
    table = pa.table({"sku": [row["sku"] for row in rows], "price": pa.array([1] * 8, pa.decimal128(9, 3))})
    pq.write_table(table, tmp_path / "prices.parquet")
    as_parquet = read(tmp_path / "prices.parquet", tmp_path)[1]

    assert types(as_csv) == types(as_json) == types(zipped)
    assert types(as_csv) == {"sku": "string", "quantity": "bigint", "price": "decimal(12,2)", "counted_at": "timestamp"}
    assert types(as_parquet) == {"sku": "string", "price": "decimal(9,3)"}
    assert (as_json.accepted_formats, as_parquet.accepted_formats) == (("jsonl",), ("parquet",))


def test_objects_and_lists_are_nested_columns(drafted):
    rows = [
        {
            "id": 1,
            "address": {"city": "Bern", "zip": "3000"},
            "lines": [{"sku": "A", "price": 1.5}],
            "meta": {"Odd key": 1},
        },
        {"id": 2, "address": None, "lines": [], "tags": ["new"]},
    ]

    _, contract = drafted("\n".join(json.dumps(row) for row in rows), "orders.jsonl")

    assert types(contract) == {
        "id": "bigint",
        "address": "struct<city:string,zip:string>",
        "lines": "array<struct<sku:string,price:double>>",
        "meta": "string",
        "tags": "array<string>",
    }


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_the_delimiter_is_found_and_written(drafted, delimiter):
    _, contract = drafted(f"sku{delimiter}note\nA{delimiter}one, two\nB{delimiter}three, four\n")

    assert contract.csv.delimiter == delimiter
    assert list(types(contract)) == ["sku", "note"]


@pytest.mark.parametrize("content", ['a,"b c",A\n1,x,2\n', "\ufeffa,b c,2nd\n1,x,2\n", "A,ä,$\n1,x,2\n"])
def test_names_of_any_header_can_be_used(drafted, content):
    text, contract = drafted(content)

    assert len(contract.table.file_columns) == 3
    named = {
        one["name"]: one.get("physicalName", one["name"]) for one in yaml.safe_load(text)["schema"][0]["properties"]
    }
    header = content.removeprefix("\ufeff").rsplit("\n", 2)[0].replace('"', "").split(",")
    assert list(named.values()) == header


def test_a_header_that_no_contract_can_name_is_pointed_out(drafted):
    text, contract = drafted('a,"b\nc"\n1,x\n')

    assert 'The file calls it "b\\nc"' in text
    assert contract.table.column("b_c").aliases == ()


def test_malformed_rows_are_left_out_and_counted(drafted):
    text, contract = drafted("sku,quantity\nA,1\nB,2,3\nC\nD,4\n")

    assert "# Left out: 2 rows" in text
    assert "all 2 values" in text
    assert types(contract) == {"sku": "string", "quantity": "bigint"}


def test_names_are_snake_case_and_unique():
    assert unique_names(["Total", "total", "Total 2"]) == ["total_2", "total", "total_2_2"]
    assert [snake_case(name) for name in ("Lineitem name", "GrandTotal", "2nd", "Is featured?", " x ")] == [
        "lineitem_name", "grand_total", "n_2nd", "is_featured", "x",
    ]  # fmt: skip
    assert unique_names(["Total", "total", "TOTAL", "$"]) == ["total_2", "total", "total_3", "column_4"]


def test_rows_without_a_single_key_have_all_complete_columns_as_key(drafted):
    text, contract = drafted("a,b\n1,x\n1,x\n")

    assert contract.table.primary_key == ("a", "b")
    assert "choose the right ones" in text


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xlsx", b"PK", "Save it as CSV"),
        ("a.zip", b"PK", "unzip a.zip"),
        ("a.csv.zst", b"x", "zstd -d a.csv.zst"),
        ("a.csv", b"", "is empty"),
        ("a.csv", b"a,b\n", "has no rows"),
        ("a.csv", b"a,b,a\n1,2,3\n", "the same name: a[.]"),
        ("a.csv", b"a,b\n1,\xff\n", "is not UTF-8 at byte 6"),
        ("a.csv", b"a,b\n,\n", "none can be a key"),
        ("a.csv", b"a,b\n1,2,3\n", "has no rows"),
        ("a.jsonl", b"{]", "cannot be read as jsonl"),
        ("a.parquet", b"PAR1", "cannot be read as parquet"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_what_to_do(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(CommandError, match=message):
        draft(tmp_path / name, None, 1000)


def test_text_is_cast_as_a_load_casts_it():
    assert "TRY_CAST" in cast_in_duckdb("c0", "bigint")
    assert kind_of(Path("x.ndjson.gz")) == "jsonl"
    assert pattern_of("AAA-99.a") == "^[A-Z]{3}-[0-9]{2}[.][a-z]$"


def test_the_command_writes_beside_the_other_contracts_and_never_over_one(tmp_path):
    file, target = tmp_path / "stock.csv", tmp_path / "out" / "stock_levels.odcs.yaml"
    file.write_text("sku,quantity\nA,1\n")
    arguments = ["contracts", "draft", str(file), "--name", "stock_levels", "--output", str(target)]

    first, again = CliRunner().invoke(app, arguments), CliRunner().invoke(app, arguments)
    forced, printed = CliRunner().invoke(app, [*arguments, "--force"]), CliRunner().invoke(app, [*arguments[:-1], "-"])

    assert (first.exit_code, forced.exit_code) == (0, 0)
    assert isinstance(again.exception, CommandError)
    assert "--force" in str(again.exception)
    assert parse(target).name == "stock_levels"
    assert printed.stdout == target.read_text()
    assert isinstance(CliRunner().invoke(app, [*arguments[:3], "--name", "Bad Name"]).exception, CommandError)


def test_contracts_check_shows_each_fault_on_a_line_of_its_own(drafted, tmp_path, monkeypatch):
    text, _ = drafted("sku,quantity\nA,1\n")
    (tmp_path / "stock.odcs.yaml").write_text(text.replace("required: true", "requird: true").replace("1.0.0", "1.0"))
    (tmp_path / "prices.odcs.yaml").write_text(text.replace("stock", "prices"))
    monkeypatch.setenv("CARTLAKE_CONTRACTS_DIR", str(tmp_path))
    loading._stems.cache_clear()

    shown = CliRunner().invoke(app, ["contracts", "check"])
    as_json = CliRunner().invoke(app, ["contracts", "check", "--json"])

    assert (shown.exit_code, as_json.exit_code) == (1, 1)
    assert "prices" in shown.stdout
    faults = shown.stdout.split("stock cannot be used:\n")[1].splitlines()
    assert [fault.split(" = ")[0].strip() for fault in faults] == ["version", "schema.stock.quantity.requird"]
    assert "did you mean required?" in faults[1]
    assert {one["contract"]: len(one.get("faults", [])) for one in json.loads(as_json.stdout)} == {
        "prices": 0,
        "stock": 2,
    }
