"""Hands and crawlers that change tables or Glue behind the contracts: found by the plan, mended or left by apply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cartlake.errors import TransientError
from cartlake_cli.migrations.migrate import DestructiveChangeError, apply, plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyiceberg.catalog.glue import GlueCatalog
    from tests.unit.tables.conftest import Rows, Sales

    from cartlake_cli.migrations.migrate import Placement

NAME = "processed.sales"
DATABASE, TABLE = NAME.split(".")


@pytest.fixture
def made(catalog: GlueCatalog, placement: Placement, sales: Sales, write: Callable[..., None]) -> Sales:
    apply(catalog, [sales.contract], placement)
    write({"order_id": "A", "pieces": 2, "note": "gift"})
    return sales


def entry(catalog: GlueCatalog) -> dict[str, Any]:
    return dict(catalog.glue.get_table(DatabaseName=DATABASE, Name=TABLE)["Table"])


def edit_glue(catalog: GlueCatalog, edit: Callable[[dict[str, Any]], object]) -> None:
    known = ("Name", "Description", "TableType", "Parameters", "StorageDescriptor", "PartitionKeys")
    table = {key: value for key, value in entry(catalog).items() if key in known}
    edit(table)
    catalog.glue.update_table(DatabaseName=DATABASE, TableInput=table)  # type: ignore[arg-type]


def column(table: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in table["StorageDescriptor"]["Columns"] if one["Name"] == name)


def drop_from_glue(table: dict[str, Any]) -> None:
    table["StorageDescriptor"]["Columns"].remove(column(table, "note"))


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        pytest.param(
            lambda t: column(t, "pieces").update(Type="string"), "type of pieces is string, not int", id="type"
        ),
        pytest.param(lambda t: column(t, "pieces").update(Comment="?"), "comment of pieces is '?'", id="comment"),
        pytest.param(drop_from_glue, "columns missing: note", id="missing"),
        pytest.param(
            lambda t: t["StorageDescriptor"]["Columns"].append({"Name": "col5", "Type": "string"}),
            "columns that are not in the table: col5",
            id="unknown",
        ),
        pytest.param(lambda t: t["StorageDescriptor"]["Columns"].reverse(), "columns are in another order", id="order"),
        pytest.param(lambda t: t.update(Description="mine"), "description is 'mine'", id="description"),
        pytest.param(
            lambda t: t["Parameters"].update({"classification": "csv", "UPDATED_BY_CRAWLER": "raw"}),
            "parameter UPDATED_BY_CRAWLER was written by a crawler; parameter classification was written by a crawler",
            id="crawler",
        ),
        pytest.param(
            lambda t: t["Parameters"].update({"write.format.default": "orc"}),
            "parameter write.format.default is 'orc'",
            id="parameter",
        ),
        pytest.param(
            lambda t: t.update(PartitionKeys=[{"Name": "day", "Type": "string"}]),
            "partition keys day are not in the table",
            id="partition keys",
        ),
        pytest.param(
            lambda t: t["StorageDescriptor"].update(Location="s3://elsewhere/x"),
            "location is s3://elsewhere/x",
            id="location",
        ),
    ],
)
def test_glue_is_written_anew_from_the_metadata(
    catalog: GlueCatalog, placement: Placement, made: Sales, edit: Callable[[dict[str, Any]], object], words: str
) -> None:
    sound = entry(catalog)
    edit_glue(catalog, edit)

    [change] = plan(catalog, [made.contract], placement)
    apply(catalog, [made.contract], placement)

    assert (change.action, change.before) == ("sync_catalog", words)
    mended = entry(catalog)
    for key in ("Description", "Parameters", "StorageDescriptor"):
        assert mended[key] == sound[key]
    assert mended.get("PartitionKeys", []) == []


def test_parameters_of_others_stay(catalog: GlueCatalog, placement: Placement, made: Sales) -> None:
    edit_glue(catalog, lambda t: (t["Parameters"].update(owner="finance"), t.update(Description="mine")))

    apply(catalog, [made.contract], placement)

    assert entry(catalog)["Parameters"]["owner"] == "finance"


def test_a_copy_is_not_written_over_another_writers_commit(
    catalog: GlueCatalog, placement: Placement, made: Sales, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit_glue(catalog, lambda t: t.update(Description="mine"))
    seen = []

    def too_late(**request: object) -> None:
        seen.append(request["VersionId"])
        raise catalog.glue.exceptions.ConcurrentModificationException({}, "UpdateTable")

    monkeypatch.setattr(catalog.glue, "update_table", too_late)

    with pytest.raises(TransientError, match=r"processed\.sales was changed by another writer during every try"):
        apply(catalog, [made.contract], placement)
    assert set(seen) == {entry(catalog)["VersionId"]}


def test_an_evolution_mends_glue_in_its_own_commit(catalog: GlueCatalog, placement: Placement, made: Sales) -> None:
    edit_glue(catalog, drop_from_glue)

    changes = apply(catalog, [made.add("shop").version("1.1.0").contract], placement)

    assert [change.action for change in changes] == ["add_column", "set_property", "sync_catalog"]
    assert plan(catalog, [made.contract], placement) == []


def test_a_column_of_another_tool_is_shown_and_left_alone_even_by_a_major_version(
    catalog: GlueCatalog, placement: Placement, made: Sales, rows: Callable[[], Rows], write: Callable[..., None]
) -> None:
    from pyiceberg.types import StringType

    with catalog.load_table(NAME).update_schema() as update:
        update.add_column("scratch", StringType())
    write({"order_id": "B", "scratch": "x"})

    [change] = plan(catalog, [made.contract], placement)
    apply(catalog, [made.drop("note").add("shop").version("2.0.0").contract], placement)

    assert (change.action, change.target) == ("foreign_column", "scratch")
    assert "alter table processed.sales drop column scratch" in change.advice
    assert [row["scratch"] for row in rows()] == [None, "x"]
    assert [left.action for left in plan(catalog, [made.contract], placement)] == ["foreign_column"]


def test_a_column_of_another_tool_becomes_the_contracts_with_its_values(
    catalog: GlueCatalog, placement: Placement, made: Sales, rows: Callable[[], Rows], write: Callable[..., None]
) -> None:
    from pyiceberg.types import StringType

    with catalog.load_table(NAME).update_schema() as update:
        update.add_column("scratch", StringType())
    write({"order_id": "B", "scratch": "x"})

    apply(catalog, [made.add("scratch").version("1.1.0").contract], placement)

    assert plan(catalog, [made.contract], placement) == []
    assert [row["scratch"] for row in rows()] == [None, "x"]
    with pytest.raises(DestructiveChangeError, match="scratch: string → None"):
        apply(catalog, [made.drop("scratch").version("1.2.0").contract], placement)


def test_a_column_renamed_by_hand_gets_its_name_back(
    catalog: GlueCatalog, placement: Placement, made: Sales, rows: Callable[[], Rows]
) -> None:
    with catalog.load_table(NAME).update_schema() as update:
        update.rename_column("note", "remark")

    changes = apply(catalog, [made.contract], placement)

    assert [(one.action, one.before, one.after) for one in changes] == [("rename_column", "remark", "note")]
    assert rows()[0]["note"] == "gift"


def test_a_column_dropped_by_hand_comes_back_with_its_values(
    catalog: GlueCatalog, placement: Placement, made: Sales, rows: Callable[[], Rows]
) -> None:
    with catalog.load_table(NAME).update_schema() as update:
        update.delete_column("note")

    changes = apply(catalog, [made.contract], placement)

    assert [one.action for one in changes] == ["restore_column"]
    assert rows()[0]["note"] == "gift"
    assert plan(catalog, [made.contract], placement) == []


def test_a_table_from_before_names_were_kept_is_adopted(
    catalog: GlueCatalog, placement: Placement, made: Sales
) -> None:
    with catalog.load_table(NAME).transaction() as transaction:
        transaction.remove_properties("cartlake.columns")

    [change] = apply(catalog, [made.contract], placement)

    assert (change.target, change.before) == ("cartlake.columns", None)
    lake = "6:_ingested_at,7:_source_file,8:_run_id"
    assert change.after == f"1:order_id,2:ordered_at,3:pieces,4:price,5:note,{lake}"
    with pytest.raises(DestructiveChangeError, match="raise the contract's version"):
        apply(catalog, [made.drop("note").contract], placement)
