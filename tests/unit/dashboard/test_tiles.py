"""Tiles: what they hold is what the tables hold, and nothing about people."""

import re
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from cartlake import contracts
from lambdas.tile_writer.adapters import LEDGER_TABLES, read_tiles
from lambdas.tile_writer.domain import MAX_ROWS, TileError, columns_of_rows, parse_tile, shown_columns, tile_document
from tests.unit.dashboard.marts import NOW, RUN_ID, tile_source

ROOT = Path(__file__).parents[3]
TILES = {tile.name: tile for tile in read_tiles()}
TABLES = {table.physical_name: table for contract in contracts.load_all() for table in contract.tables}

HEADER = "-- Things: what there is.\n-- Tables: curated.things.\n-- Definition: docs/definitions.md#everywhere.\n"


def tile(columns, sql="select 1", name="things"):
    return parse_tile(name, f"{HEADER}-- Columns: {columns}.\n{sql}\n")


def rows_of(source, sql):
    return source.session.rows(sql)


# What each tile must add up to, asked of the whole tables and not of what tiles may read.
SUMS = {
    "sales": (
        """select sum(net_reporting), sum(margin_reporting), sum(returned_reporting), sum(discount_reporting),
        sum(orders) from stored.sales_daily where order_date > date '2026-11-28' - 400""",
        ("net", "margin", "returned", "discounts", "orders"),
    ),
    "funnel": (
        """select sum(sessions), sum(reached_checkout), sum(reached_purchase), sum(bounces)
        from stored.conversion_funnel where session_date > date '2026-11-28' - 400""",
        ("sessions", "checkouts", "purchases", "bounces"),
    ),
    "products": (
        """select sum(net_reporting), sum(margin_reporting), sum(returned_units)
        from stored.product_performance where revenue_rank <= 50""",
        ("net", "margin", "returned_units"),
    ),
    "categories": (
        "select sum(net_reporting), sum(cost_reporting), sum(units), count(*) from stored.product_performance",
        ("net", "cost", "units", "products"),
    ),
    "segments": (
        "select sum(revenue_reporting), count(*), sum(frequency) from stored.customer_segments",
        ("revenue", "customers", "orders"),
    ),
    "cohorts": (
        "select sum(revenue_reporting), sum(active_customers) from stored.cohort_retention",
        ("revenue", "active_customers"),
    ),
    "lifetime_value": (
        "select sum(revenue_reporting), sum(margin_reporting), count(*) from stored.customer_ltv",
        ("revenue", "margin", "customers"),
    ),
    "quarantine": (
        """select sum(len(reasons)), sum(case when replayed_at is null then 0 else len(reasons) end)
        from stored.quarantine_rows where superseded_by is null""",
        ("quarantined", "replayed"),
    ),
    "quality": (
        "select count(*), count(*) filter (where value > 0) from stored.quality_results",
        ("measured", "broken"),
    ),
    "runs": (
        "select sum(rows_read), sum(published), sum(quarantined) from ledger.runs",
        ("rows_read", "published", "quarantined"),
    ),
    "freshness": ("select sum(row_count), sum(promised_hours) from ledger.tables", ("row_count", "promised_hours")),
}


@pytest.mark.parametrize("name", TILES)
def test_a_tile_adds_up_to_its_tables_to_the_cent(source, name):
    sql, columns = SUMS[name]
    found = source.columns(TILES[name])
    units = dict(TILES[name].columns)
    [expected] = rows_of(source, sql)

    for column, value in zip(columns, expected, strict=True):
        total = sum(one or 0 for one in found[column])
        assert (Decimal(total) / 100 if units[column] == "cents" else total) == value, column
        assert total > 0, column


@pytest.mark.parametrize("name", TILES)
def test_a_tile_names_what_there_is(name):
    definition = TILES[name]
    page, _, anchor = definition.definition.partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), re.MULTILINE)

    assert anchor in {re.sub(r"[^a-z0-9_ -]", "", one.lower()).replace(" ", "-") for one in headings}
    assert set(definition.tables) <= TABLES.keys() | LEDGER_TABLES.keys()
    assert definition.query is None or (ROOT / "athena_queries" / f"{definition.query}.sql").is_file()


@pytest.mark.parametrize("name", TILES)
def test_a_tile_reads_the_tables_it_names_and_no_others(name):
    read = set(re.findall(r"\b((?:curated|processed|ops|ledger)\.\w+)", TILES[name].sql))

    assert read == set(TILES[name].tables)


def test_what_a_contract_classifies_is_shown_to_no_tile(source):
    hidden = {
        name: {column.name for column in table.columns} - set(shown_columns(table)) for name, table in TABLES.items()
    }

    assert hidden["ops.quarantine_rows"] == {"raw_record"}
    assert hidden["curated.customer_ltv"] == {"golden_customer_id"}
    assert {"email", "phone", "birth_date"} <= hidden["processed.customers"]
    for sql in ("select raw_record from ops.quarantine_rows", "select golden_customer_id from curated.customer_ltv"):
        with pytest.raises(TileError, match=r"tiles/things\.sql: .*without columns about people"):
            source.columns(tile("one text", sql))


def test_no_tile_holds_an_address_or_an_id_of_a_person(source):
    for definition in TILES.values():
        texts = {str(value) for column in source.columns(definition).values() for value in column}
        assert not [text for text in texts if "@" in text or text.startswith(("GLD-", "CUS-"))], definition.name


def test_tables_without_rows_make_tiles_without_rows(tmp_path):
    empty = tile_source(tmp_path, filled=False)

    for definition in TILES.values():
        found = empty.columns(definition)
        rows = {len(column) for column in found.values()}
        assert rows == ({len(TABLES)} if definition.name == "freshness" else {0}), definition.name


def test_tiles_are_made_without_a_package_that_the_layer_does_not_have(source, monkeypatch):
    monkeypatch.setitem(sys.modules, "pytz", None)

    for definition in TILES.values():
        assert source.columns(definition)


def test_a_table_that_no_contract_describes_is_named(source):
    with pytest.raises(TileError, match=r"tiles/things\.sql: .*Table with name nowhere"):
        source.columns(tile("one text", "select 1 from curated.nowhere"))


def test_amounts_are_whole_cents_and_ids_are_texts(source):
    document = tile_document(
        TILES["sales"], source.columns(TILES["sales"]), source.sources_of(TILES["sales"]), RUN_ID, NOW
    )

    assert all(isinstance(value, int) for value in document["columns"]["net"])
    assert document["sources"][0]["snapshot_id"] == source.sources["curated.sales_daily"].snapshot_id
    assert document["sources"][0]["contract_version"] == contracts.load("sales_daily").version
    assert document["sources"][0]["upstreams"] == ["processed.order_lines"]
    assert (document["written_at"], document["run_id"]) == ("2026-11-29T14:02:00.000000Z", RUN_ID)


@pytest.mark.parametrize(
    ("columns", "row", "message"),
    [
        ("one cents", (Decimal("1.005"),), "no whole number of cents"),
        ("one count", (True,), "declared as count"),
        ("one count", (1.5,), "declared as count"),
        ("one text", (7,), "declared as text"),
        ("one date", ("2026-01-01",), "declared as date"),
        ("one usd", (3,), "declared as usd"),
    ],
)
def test_a_value_that_is_not_what_the_header_says_is_refused(columns, row, message):
    with pytest.raises(TileError, match=message):
        columns_of_rows(tile(columns), ["one"], [row])


def test_values_become_what_json_has():
    definition = tile("a cents, b count, c date, d time, e flag, f text, g usd, h count")
    row = (
        *(Decimal("-12.30"), Decimal(7), datetime(2026, 1, 2, tzinfo=UTC).date()),
        *(datetime(2026, 1, 2, 3, tzinfo=UTC), True, "x", 0.5, None),
    )

    found = columns_of_rows(definition, list("abcdefgh"), [row])

    assert [found[name] for name in "abcdefgh"] == [
        *([-1230], [7], ["2026-01-02"], ["2026-01-02T03:00:00.000000Z"], [True], ["x"], [0.5], [None]),
    ]


def test_other_columns_than_declared_and_too_many_rows_are_refused():
    with pytest.raises(TileError, match="returns two; its header says one"):
        columns_of_rows(tile("one count"), ["two"], [])
    with pytest.raises(TileError, match=r"returns 60,001 rows, more than 60,000"):
        columns_of_rows(tile("one count"), ["one"], [(1,)] * (MAX_ROWS + 1))


def test_a_header_that_is_not_complete_says_what_it_lacks():
    with pytest.raises(TileError, match=r"tiles/things\.sql: the header lacks Columns"):
        parse_tile("things", HEADER)
    with pytest.raises(TileError, match="column net has the unit 'euros'"):
        tile("net euros")
