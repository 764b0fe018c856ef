"""A table that Glue has lost is registered again from its files, with the rows it had."""

import shutil
from pathlib import Path

import pytest

from cartlake.errors import TerminalError
from cartlake_cli.migrations.migrate import Placement, apply, plan
from cartlake_cli.restore.tables import has_files_of_a_table, plan_table, register


@pytest.fixture
def made(catalog, placement, sales, write):
    apply(catalog, [sales.contract], placement)
    write({"order_id": "A"})
    write({"order_id": "B"}, {"order_id": "C"})
    return sales.contract.tables[0]


def folder(catalog):
    return Path(catalog.load_table("processed.sales").metadata_location.removeprefix("file://")).parent


def planned(catalog, table, placement):
    return plan_table(catalog, table, placement, lambda _: None)


def forget(catalog):
    catalog.glue.delete_table(DatabaseName="processed", Name="sales")


def test_a_lost_table_has_its_rows_again_and_matches_its_contract(catalog, placement, sales, made, rows):
    before, named = rows(), catalog.load_table("processed.sales").metadata_location
    forget(catalog)

    found = planned(catalog, made, placement)
    assert (found.action, found.file.uri, found.file.rows) == ("register", named, 3)
    register(catalog, found)

    assert rows() == before
    assert plan(catalog, [sales.contract], placement) == []
    assert planned(catalog, made, placement).action == "keep"


def test_the_file_of_a_writer_whose_commit_failed_is_left_out_and_named(catalog, placement, made, write, rows):
    place = folder(catalog)
    stale = max(place.glob("*.metadata.json"))
    write({"order_id": "D"})
    orphan = place / "00003-never-committed.metadata.json"
    shutil.copy(stale, orphan)  # the same number as the newest, and older content
    before = rows()
    forget(catalog)

    found = planned(catalog, made, placement)
    register(catalog, found)

    assert rows() == before
    assert orphan.name in found.detail


def test_an_empty_table_in_its_place_is_replaced(catalog, placement, sales, made, rows):
    before = rows()
    forget(catalog)
    apply(catalog, [sales.contract], placement)
    assert rows() == []

    found = planned(catalog, made, placement)
    assert found.action == "replace"
    register(catalog, found)

    assert rows() == before
    assert planned(catalog, made, placement).action == "keep"


def test_a_table_with_rows_of_its_own_is_kept(catalog, placement, sales, made, write, rows):
    forget(catalog)
    apply(catalog, [sales.contract], placement)
    write({"order_id": "NEW"})

    found = planned(catalog, made, placement)

    assert found.action == "keep"
    assert "another table" in found.detail
    assert [row["order_id"] for row in rows()] == ["NEW"]


def test_a_damaged_newest_file_is_passed_over_and_named(catalog, placement, made):
    newest = max(folder(catalog).glob("*.metadata.json"))
    newest.write_text(newest.read_text()[:100])
    forget(catalog)

    found = planned(catalog, made, placement)

    assert (found.action, found.file.number, found.file.rows) == ("register", 1, 1)
    assert newest.name in found.detail


def test_a_file_whose_manifests_are_gone_is_passed_over(catalog, placement, made):
    location = catalog.load_table("processed.sales").current_snapshot().manifest_list
    Path(location.removeprefix("file://")).unlink()
    forget(catalog)

    found = planned(catalog, made, placement)

    assert found.file.number == 1
    assert "newer, but damaged: 00002" in found.detail


def test_a_table_all_of_whose_files_are_damaged_is_reported(catalog, placement, made):
    for path in folder(catalog).glob("*.metadata.json"):
        path.write_text("{}")
    forget(catalog)

    assert planned(catalog, made, placement).action == "unreadable"


def test_a_table_without_files_is_left_to_the_migration(catalog, placement, sales):
    assert planned(catalog, sales.contract.tables[0], placement).action == "none"


def test_a_missing_database_names_terraform(catalog, made):
    forget(catalog)
    catalog.glue.delete_database(Name="processed")
    with pytest.raises(TerminalError, match="terraform apply"):
        planned(catalog, made, Placement({}, {}))


def test_the_folder_of_a_lost_table_is_found_by_the_location_of_its_database(catalog, placement, made):
    forget(catalog)
    location = placement.warehouses["processed"] + "/"
    catalog.glue.update_database(Name="processed", DatabaseInput={"Name": "processed", "LocationUri": location})

    assert planned(catalog, made, Placement({}, {})).action == "register"
    assert has_files_of_a_table(catalog, ("processed", "sales"))
    assert has_files_of_a_table(catalog, ("processed", "other")) is None
