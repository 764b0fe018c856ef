"""`lake tables` on a real pyiceberg Glue catalog: Glue answered by moto, metadata in a local folder."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pyiceberg.exceptions import CommitFailedException

from cartlake import contracts
from cartlake.errors import TerminalError, TransientError
from cartlake_cli.migrations.migrate import DestructiveChangeError, Placement, TableChange, apply, plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pyiceberg.catalog.glue import GlueCatalog

    from cartlake.contracts import Column, Contract


def changed(contract: Contract, **attributes: object) -> Contract:
    return replace(contract, tables=(replace(contract.table, **attributes),))  # type: ignore[arg-type]


def with_column(contract: Contract, name: str, edit: Callable[[Column], Column]) -> Contract:
    columns = tuple(edit(column) if column.name == name else column for column in contract.table.columns)
    return changed(contract, columns=columns)


def test_every_table_is_created_as_its_contract_says(catalog: GlueCatalog, placement: Placement) -> None:
    changes = apply(catalog, contracts.load_all(), placement)

    described = {table.physical_name for contract in contracts.load_all() for table in contract.tables}
    assert {(change.table, change.action) for change in changes} == {(name, "create") for name in described}
    table = catalog.load_table("processed.transactions")
    assert table.format_version == 2
    assert table.location() == placement.warehouses["processed"] + "/transactions"
    assert table.schema().identifier_field_names() == {"order_id", "line_number"}
    assert [str(field) for field in table.spec().fields] == ["1000: ordered_at_day: day(16)"]
    assert table.schema().find_field("order_id").doc == "Identifier given by checkout. Never reused."
    assert table.properties["write.merge.mode"] == "merge-on-read"


def test_a_second_apply_finds_nothing_to_do(catalog: GlueCatalog, placement: Placement) -> None:
    apply(catalog, contracts.load_all(), placement)

    assert apply(catalog, contracts.load_all(), placement) == []


def test_plan_changes_nothing(catalog: GlueCatalog, placement: Placement, transactions: Contract) -> None:
    assert plan(catalog, [transactions], placement) == [TableChange("processed.transactions", "create")]

    assert catalog.list_tables("processed") == []


def test_a_new_optional_column_takes_its_place_and_keeps_every_field_id(
    catalog: GlueCatalog, placement: Placement, transactions: Contract
) -> None:
    apply(catalog, [transactions], placement)
    before = {field.name: field.field_id for field in catalog.load_table("processed.transactions").schema().fields}
    columns = list(transactions.table.columns)
    columns.insert(5, replace(columns[4], name="brand", description="Who makes it."))

    changes = apply(catalog, [changed(transactions, columns=tuple(columns))], placement)

    schema = catalog.load_table("processed.transactions").schema()
    assert changes == [TableChange("processed.transactions", "add_column", "brand", None, "string")]
    assert schema.column_names[4:7] == ["product_id", "brand", "order_status"]
    assert {name: schema.find_field(name).field_id for name in before} == before


def test_a_wider_type_a_description_and_a_property_evolve_in_one_commit(
    catalog: GlueCatalog, placement: Placement, transactions: Contract
) -> None:
    apply(catalog, [transactions], placement)
    wider = with_column(transactions, "quantity", lambda column: replace(column, type="bigint", description="Pieces."))
    properties = wider.table.table_properties | {"write.distribution-mode": "none"}

    changes = apply(catalog, [changed(wider, table_properties=properties)], placement)

    table = catalog.load_table("processed.transactions")
    assert [change.action for change in changes] == ["promote_type", "update_doc", "set_property"]
    assert str(table.schema().find_field("quantity")) == "11: quantity: optional long (Pieces.)"
    assert table.properties["write.distribution-mode"] == "none"


@pytest.mark.parametrize(
    ("before", "after", "rebuilt"),
    [
        pytest.param("EUR", "USD", True, id="another"),
        pytest.param(None, "EUR", False, id="the one of all tables that record none"),
        pytest.param(None, "USD", True, id="another than that of tables that record none"),
    ],
)
def test_a_table_of_another_currency_is_to_be_rebuilt(
    catalog: GlueCatalog, placement: Placement, before: str | None, after: str, *, rebuilt: bool
) -> None:
    def recorded(currency: str | None) -> Contract:
        contract = contracts.load("order_lines")
        properties = {k: v for k, v in contract.table.table_properties.items() if k != "cartlake.currency"}
        return changed(contract, table_properties=properties | ({"cartlake.currency": currency} if currency else {}))

    [created] = apply(catalog, [recorded(before)], placement)
    [change] = apply(catalog, [recorded(after)], placement)

    assert (created.is_other_currency, change.is_other_currency) == (False, rebuilt)
    assert (change.target, change.before, change.after) == ("cartlake.currency", before, after)
    assert bool(change.advice) is rebuilt
    assert catalog.load_table("processed.order_lines").properties["cartlake.currency"] == after


def test_properties_of_others_are_left_alone(
    catalog: GlueCatalog, placement: Placement, transactions: Contract
) -> None:
    apply(catalog, [transactions], placement)
    catalog.load_table("processed.transactions").transaction().set_properties(
        {"owner.note": "keep"}
    ).commit_transaction()

    assert plan(catalog, [transactions], placement) == []


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        pytest.param(
            lambda c: changed(c, columns=tuple(x for x in c.table.columns if x.name != "channel")),
            "refuse processed.transactions.channel: string → None (drop: it breaks readers",
            id="dropped column",
        ),
        pytest.param(
            lambda c: with_column(c, "quantity", lambda column: replace(column, type="string")),
            "refuse processed.transactions.quantity: int → string (Iceberg only widens",
            id="other type",
        ),
        pytest.param(
            lambda c: with_column(c, "unit_price", lambda column: replace(column, type="decimal(10,2)")),
            "refuse processed.transactions.unit_price: decimal(12, 2) → decimal(10, 2)",
            id="narrower type",
        ),
        pytest.param(
            lambda c: changed(c, columns=(*c.table.columns, replace(c.table.columns[0], name="shop_id"))),
            "refuse processed.transactions.shop_id: None → string (existing rows have no value",
            id="new key column",
        ),
        pytest.param(
            lambda c: changed(c, primary_key=("order_id",)),
            "line_number, order_id → order_id (the primary key is what rows are merged by",
            id="other key",
        ),
        pytest.param(
            lambda c: changed(c, table_properties=c.table.table_properties | {"format-version": "3"}),
            "refuse processed.transactions.format-version: 2 → 3",
            id="other format version",
        ),
    ],
)
def test_a_destructive_change_is_refused_before_anything_changes(
    catalog: GlueCatalog,
    placement: Placement,
    transactions: Contract,
    break_it: Callable[[Contract], Contract],
    message: str,
) -> None:
    apply(catalog, [transactions], placement)
    before = catalog.load_table("processed.transactions").metadata_location

    with pytest.raises(DestructiveChangeError) as caught:
        apply(catalog, [*contracts.load_all(), break_it(transactions)], placement)

    assert message in str(caught.value)
    assert catalog.load_table("processed.transactions").metadata_location == before
    assert catalog.list_tables("ops") == []


def test_a_missing_database_names_terraform(catalog: GlueCatalog, transactions: Contract) -> None:
    prefixed = Placement(databases={"processed": "acme_processed"}, warehouses={})

    with pytest.raises(TerminalError, match=r"no Glue database acme_processed; .* Terraform"):
        plan(catalog, [transactions], prefixed)


def test_a_database_prefix_moves_every_table(
    catalog: GlueCatalog, placement: Placement, transactions: Contract
) -> None:
    catalog.create_namespace("acme_processed")
    prefixed = Placement({"processed": "acme_processed"}, placement.warehouses)

    changes = apply(catalog, [transactions], prefixed)

    assert [change.table for change in changes] == ["acme_processed.transactions"]
    assert catalog.table_exists("acme_processed.transactions")


def test_a_table_without_a_warehouse_goes_below_the_location_of_its_database(
    catalog: GlueCatalog, transactions: Contract, tmp_path: Path
) -> None:
    catalog.create_namespace("acme", {"location": f"{tmp_path.as_uri()}/lake/"})

    apply(catalog, [transactions], Placement({"processed": "acme"}, {}))

    assert catalog.load_table("acme.transactions").location() == f"{tmp_path.as_uri()}/lake/transactions"


def test_a_description_that_was_taken_away_is_cleared(
    catalog: GlueCatalog, placement: Placement, transactions: Contract
) -> None:
    apply(catalog, [transactions], placement)

    silent = with_column(transactions, "channel", lambda column: replace(column, description=""))
    apply(catalog, [silent], placement)

    assert not catalog.load_table("processed.transactions").schema().find_field("channel").doc


def test_a_commit_of_another_writer_asks_to_try_again(
    catalog: GlueCatalog, placement: Placement, transactions: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_late(*_: object, **__: object) -> None:
        raise CommitFailedException("another writer was faster")

    monkeypatch.setattr(catalog, "create_table", too_late)

    with pytest.raises(TransientError, match=r"processed\.transactions was changed by another writer during every try"):
        apply(catalog, [transactions], placement)


def test_a_change_that_did_not_take_is_no_success(
    catalog: GlueCatalog, placement: Placement, transactions: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "create_table", lambda *_, **__: None)

    with pytest.raises(TerminalError, match=r"applied, but still needed:\ncreate processed\.transactions"):
        apply(catalog, [transactions], placement)
