"""Contracts that change under tables with rows in them: what the rows are afterwards, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cartlake_cli.migrations.migrate import DestructiveChangeError, apply, plan
from lambdas.table_publisher.adapters import IcebergTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyiceberg.catalog.glue import GlueCatalog
    from tests.unit.tables.conftest import Rows, Sales

    from cartlake_cli.migrations.migrate import Placement, TableChange

NAME = "processed.sales"


@pytest.fixture
def made(catalog: GlueCatalog, placement: Placement, sales: Sales, write: Callable[..., None]) -> Sales:
    apply(catalog, [sales.contract], placement)
    write({"order_id": "A", "pieces": 2, "note": "gift"})
    return sales


@pytest.fixture
def change(catalog: GlueCatalog, placement: Placement) -> Callable[[Sales], list[TableChange]]:
    """Apply a contract; the plan is empty afterwards."""

    def make(sales: Sales) -> list[TableChange]:
        changes = apply(catalog, [sales.contract], placement)
        assert plan(catalog, [sales.contract], placement) == []
        return changes

    return make


def actions(changes: list[TableChange]) -> list[str]:
    return [f"{change.action} {change.target}".strip() for change in changes]


def commits(catalog: GlueCatalog) -> int:
    return len(catalog.load_table(NAME).metadata.metadata_log)


def test_a_renamed_column_keeps_its_values_and_its_id(
    catalog: GlueCatalog, made: Sales, change: Callable[..., list[TableChange]], rows: Callable[[], Rows]
) -> None:
    before = catalog.load_table(NAME).schema().find_field("pieces").field_id

    changes = change(made.rename("pieces", "quantity").version("2.0.0"))

    assert actions(changes) == ["rename_column quantity", "set_property cartlake.version"]
    assert (changes[0].before, changes[0].after) == ("pieces", "quantity")
    assert "read under the new name" in changes[0].old_data
    assert catalog.load_table(NAME).schema().find_field("quantity").field_id == before
    assert [(row["quantity"], "pieces" in row) for row in rows()] == [(2, False)]


def test_a_table_two_names_behind_is_not_emptied(
    made: Sales, change: Callable[..., list[TableChange]], rows: Callable[[], Rows]
) -> None:
    made.rename("pieces", "quantity").rename("quantity", "units", "pieces").version("3.0.0")

    change(made)

    assert [row["units"] for row in rows()] == [2]


def test_a_former_name_can_be_given_to_another_column(
    made: Sales, change: Callable[..., list[TableChange]], rows: Callable[[], Rows]
) -> None:
    change(made.rename("note", "remark").version("2.0.0"))
    made.column("remark").pop("customProperties")
    change(made.add("note").version("2.1.0"))

    assert [(row["remark"], row["note"]) for row in rows()] == [("gift", None)]


def test_a_dropped_column_is_gone_for_readers_and_a_new_one_of_its_name_starts_empty(
    catalog: GlueCatalog, made: Sales, change: Callable[..., list[TableChange]], rows: Callable[[], Rows]
) -> None:
    first = catalog.load_table(NAME).metadata.current_snapshot_id

    dropped = change(made.drop("note").version("2.0.0"))
    without = rows()
    change(made.add("note").version("2.1.0"))

    assert actions(dropped)[0] == "drop_column note"
    assert "note" not in without[0]
    assert rows()[0]["note"] is None
    old = catalog.load_table(NAME).scan(snapshot_id=first).to_arrow().to_pylist()
    assert [row["note"] for row in old] == ["gift"]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda s: s.rename("pieces", "quantity"), "refuse processed.sales.quantity: pieces → quantity (rename: it"),
        (lambda s: s.drop("note").version("1.9.0"), "has version 1.0.0: raise the contract's version to 2.0.0"),
        (lambda s: s.drop("note").add("remark"), "add `cartlake.renamedFrom: note` to that column"),
        (lambda s: s.drop("ordered_at").version("2.0.0"), "files are partitioned by it"),
        (lambda s: s.rename("order_id", "id").version("0.9.0"), "refuse processed.sales.cartlake.version: 1.0.0 → 0.9"),
        (
            lambda s: s.column("pieces").update(physicalType="string", logicalType="string") or s.version("2.0.0"),
            "pieces: int → string (Iceberg only widens",
        ),
    ],
    ids=["renamed", "dropped", "dropped and added", "partition column", "older contract", "type"],
)
def test_what_breaks_readers_needs_a_major_version_and_what_iceberg_cannot_do_is_refused(
    catalog: GlueCatalog, placement: Placement, made: Sales, edit: Callable[[Sales], Sales], message: str
) -> None:
    before = catalog.load_table(NAME).metadata_location

    with pytest.raises(DestructiveChangeError) as caught:
        apply(catalog, [edit(made).contract], placement)

    assert message in str(caught.value)
    assert catalog.load_table(NAME).metadata_location == before


def test_a_major_version_allows_breaks_once(
    catalog: GlueCatalog, placement: Placement, made: Sales, change: Callable[..., list[TableChange]]
) -> None:
    change(made.rename("pieces", "quantity").version("2.0.0"))

    with pytest.raises(DestructiveChangeError, match=r"has version 2\.0\.0: raise the contract's version to 3\.0\.0"):
        apply(catalog, [made.drop("note").version("2.1.0").contract], placement)


def test_new_partitions_leave_old_files_where_they_are_and_rows_of_both_are_read(
    catalog: GlueCatalog,
    made: Sales,
    change: Callable[..., list[TableChange]],
    write: Callable[..., None],
    rows: Callable[[], Rows],
) -> None:
    changes = change(made.partition("day").version("1.1.0"))
    write({"order_id": "B"})

    assert (changes[0].action, changes[0].before, changes[0].after) == (
        "change_partitions",
        "month(ordered_at)",
        "day(ordered_at)",
    )
    files = catalog.load_table(NAME).inspect.files().to_pylist()
    assert {file["spec_id"] for file in files} == {0, 1}
    assert [row["order_id"] for row in rows()] == ["A", "B"]


def test_partitions_that_come_back_are_the_ones_of_before(
    catalog: GlueCatalog, made: Sales, change: Callable[..., list[TableChange]]
) -> None:
    change(made.partition("day").version("1.1.0"))
    change(made.partition("month").version("1.2.0"))

    table = catalog.load_table(NAME)
    assert (table.spec().spec_id, [field.name for field in table.spec().fields]) == (0, ["ordered_at_month"])


def test_another_number_of_buckets_has_a_name_of_its_own(
    catalog: GlueCatalog, made: Sales, change: Callable[..., list[TableChange]]
) -> None:
    change(made.partition("bucket[4]").version("1.1.0"))
    change(made.partition("bucket[8]").version("1.2.0"))

    names = [[field.name for field in spec.fields] for spec in catalog.load_table(NAME).specs().values()]
    assert names == [["ordered_at_month"], ["ordered_at_bucket"], ["ordered_at_bucket_8"]]


def test_a_renamed_partition_column_renames_its_partition(
    catalog: GlueCatalog,
    made: Sales,
    change: Callable[..., list[TableChange]],
    write: Callable[..., None],
    rows: Callable[[], Rows],
) -> None:
    change(made.rename("ordered_at", "sold_at").version("2.0.0"))
    write({"order_id": "B", "sold_at": rows()[0]["sold_at"]})

    table = catalog.load_table(NAME)
    assert [(field.name, field.field_id) for field in table.spec().fields] == [("sold_at_month", 1000)]
    in_march = table.scan(row_filter="sold_at >= '2026-03-01T00:00:00+00:00'")
    assert len(list(in_march.plan_files())) == 2
    assert list(table.scan(row_filter="sold_at >= '2026-04-01T00:00:00+00:00'").plan_files()) == []


def test_a_sort_order_comes_and_goes(
    catalog: GlueCatalog, made: Sales, change: Callable[..., list[TableChange]]
) -> None:
    changes = change(made.sort("ordered_at desc", "order_id").version("1.1.0"))
    order = str(catalog.load_table(NAME).sort_order())
    change(made.sort().version("1.1.1"))

    assert changes[0].after == "ordered_at desc nulls-last, order_id asc nulls-first"
    assert "2 DESC NULLS LAST" in order
    assert catalog.load_table(NAME).sort_order().is_unsorted


def test_columns_take_the_order_of_the_contract(
    catalog: GlueCatalog, made: Sales, change: Callable[..., list[TableChange]], rows: Callable[[], Rows]
) -> None:
    made.columns.insert(1, made.columns.pop())

    changes = change(made.version("1.0.1"))

    assert actions(changes) == ["reorder_columns", "set_property cartlake.version"]
    assert list(rows()[0])[:5] == ["order_id", "note", "ordered_at", "pieces", "price"]
    assert rows()[0]["note"] == "gift"


def test_a_column_that_was_not_null_may_become_nullable(
    catalog: GlueCatalog, made: Sales, change: Callable[..., list[TableChange]]
) -> None:
    with catalog.load_table(NAME).update_schema(allow_incompatible_changes=True) as update:
        update.update_column("pieces", required=True)

    changes = change(made)

    assert actions(changes) == ["make_optional pieces"]
    assert not catalog.load_table(NAME).schema().find_field("pieces").required


def test_everything_at_once_is_one_commit(
    catalog: GlueCatalog, made: Sales, change: Callable[..., list[TableChange]], rows: Callable[[], Rows]
) -> None:
    before = commits(catalog)
    made.rename("pieces", "quantity").drop("note").add("shop").partition("day").sort("order_id").version("2.0.0")
    made.column("price")["physicalType"] = "decimal(14,2)"
    made.column("quantity")["description"] = "Pieces sold."

    changes = change(made)

    assert actions(changes) == [
        "rename_column quantity",
        "update_doc quantity",
        "promote_type price",
        "add_column shop",
        "drop_column note",
        "change_partitions",
        "change_sort_order",
        "set_property cartlake.version",
    ]
    assert commits(catalog) == before + 1
    [row] = rows()
    assert (row["quantity"], str(row["price"]), row["shop"], "note" in row) == (2, "9.50", None, False)


def test_an_audited_branch_that_a_change_overtook_is_published_with_all_its_values(
    catalog: GlueCatalog,
    made: Sales,
    change: Callable[..., list[TableChange]],
    write: Callable[..., None],
    rows: Callable[[], Rows],
) -> None:
    table = catalog.load_table(NAME)
    table.manage_snapshots().create_branch(table.metadata.current_snapshot_id, "audit").commit()
    write({"order_id": "B", "pieces": 7, "note": "late"}, branch="audit")

    change(made.rename("pieces", "quantity").drop("note").partition("day").version("2.0.0"))
    IcebergTable(catalog.load_table(NAME)).fast_forward("audit")

    assert [(row["order_id"], row["quantity"]) for row in rows()] == [("A", 2), ("B", 7)]


def test_a_writer_that_a_change_overtook_commits_rows_that_are_read_under_the_new_name(
    catalog: GlueCatalog,
    made: Sales,
    change: Callable[..., list[TableChange]],
    rows: Callable[[], Rows],
) -> None:
    writer = catalog.load_table(NAME)
    batch = writer.scan().to_arrow().set_column(0, "order_id", [["B"]])
    transaction = writer.transaction()
    transaction.append(batch.cast(writer.schema().as_arrow()))

    change(made.rename("pieces", "quantity").version("2.0.0"))
    transaction.commit_transaction()

    assert [(row["order_id"], row["quantity"]) for row in rows()] == [("A", 2), ("B", 2)]
