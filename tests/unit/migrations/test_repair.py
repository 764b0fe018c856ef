"""Metadata files that are missing or cut short: the error that readers get, and the repair."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cartlake.errors import TransientError
from cartlake.tables.broken_metadata import BrokenMetadataError
from cartlake_cli.migrations.migrate import DestructiveChangeError, apply, plan
from cartlake_cli.migrations.repair import BrokenTable, NoReadableMetadataError
from lambdas.table_publisher.adapters import IcebergTables

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.tables.conftest import Rows, Sales

    from cartlake.tables.glue_catalog import LakeCatalog
    from cartlake_cli.migrations.migrate import Placement

NAME = "processed.sales"


@pytest.fixture
def made(catalog: LakeCatalog, placement: Placement, sales: Sales, write: Callable[..., None]) -> Sales:
    apply(catalog, [sales.contract], placement)
    write({"order_id": "A"})
    write({"order_id": "B"}, {"order_id": "C"})
    return sales


def location(catalog: LakeCatalog) -> str:
    return str(
        catalog.glue.get_table(DatabaseName="processed", Name="sales")["Table"]["Parameters"]["metadata_location"]
    )


def path(uri: str) -> Path:
    return Path(uri.removeprefix("file://"))


def remove(catalog: LakeCatalog) -> str:
    uri = location(catalog)
    path(uri).unlink()
    return uri


def cut(catalog: LakeCatalog) -> str:
    uri = location(catalog)
    path(uri).write_text(path(uri).read_text()[:200])
    return uri


def empty(catalog: LakeCatalog) -> str:
    uri = location(catalog)
    path(uri).write_text("")
    return uri


BREAKS = [pytest.param(remove, "is missing", id="removed"), pytest.param(cut, "is not intact", id="cut")]
BREAKS.append(pytest.param(empty, "is not intact", id="empty"))


def table(catalog: LakeCatalog) -> BrokenTable:
    return BrokenTable(catalog, "processed", "sales")


def set_parameters(catalog: LakeCatalog, change: Callable[[dict[str, Any]], object]) -> None:
    entry = catalog.glue.get_table(DatabaseName="processed", Name="sales")["Table"]
    kept: dict[str, Any] = {key: entry[key] for key in ("Name", "TableType", "Parameters", "StorageDescriptor")}  # type: ignore[literal-required]
    change(kept["Parameters"])
    catalog.glue.update_table(DatabaseName="processed", TableInput=kept)  # type: ignore[arg-type]


@pytest.mark.parametrize(("break_it", "fault"), BREAKS)
def test_readers_are_told_table_file_and_next_step(
    catalog: LakeCatalog, placement: Placement, made: Sales, break_it: Callable[[LakeCatalog], str], fault: str
) -> None:
    uri = break_it(catalog)

    [change] = plan(catalog, [made.contract], placement)
    with pytest.raises(BrokenMetadataError) as caught:
        IcebergTables(catalog).load(NAME)

    assert change.action == "refuse"
    for words in (change.advice, str(caught.value)):
        assert words.startswith(f"processed.sales cannot be read: its metadata file {uri} {fault}")
        assert words.endswith("`lake tables repair processed.sales` shows the repair.")
    with pytest.raises(DestructiveChangeError, match="lake tables repair"):
        apply(catalog, [made.contract], placement)


@pytest.mark.parametrize(("break_it", "fault"), BREAKS)
def test_a_repaired_table_has_the_rows_of_the_last_good_snapshot_and_takes_the_next_write(
    catalog: LakeCatalog,
    placement: Placement,
    made: Sales,
    write: Callable[..., None],
    rows: Callable[[], Rows],
    break_it: Callable[[LakeCatalog], str],
    fault: str,
) -> None:
    good = catalog.load_table(NAME)
    before, lost = rows(), good.metadata_location
    write({"order_id": "D"}, {"order_id": "E"})
    newest = catalog.load_table(NAME).metadata.current_snapshot_id
    uri = break_it(catalog)

    repair = table(catalog).find()
    assert repair is not None
    table(catalog).make(repair)

    assert (repair.broken_file, repair.file.uri, repair.is_proven) == (uri, lost, True)
    assert repair.fault.startswith(fault)
    assert repair.commits_lost == 1
    assert [(one.snapshot_id, one.added_rows) for one in repair.snapshots_lost] == [(newest, 2)]
    assert rows() == before
    assert plan(catalog, [made.contract], placement) == []
    write({"order_id": "F"})
    assert [row["order_id"] for row in rows()] == ["A", "B", "C", "F"]


def test_several_broken_files_are_passed_over(
    catalog: LakeCatalog, made: Sales, write: Callable[..., None], rows: Callable[[], Rows]
) -> None:
    before = rows()
    write({"order_id": "D"})
    cut(catalog)
    table(catalog)
    second = location(catalog)
    set_parameters(catalog, lambda p: p.update(metadata_location=second.replace("00003", "00009"), gone="1"))

    repair = table(catalog).find()
    assert repair is not None
    table(catalog).make(repair)

    assert [(one.uri, one.fault) for one in repair.newer_files] == [(second, "is not intact")]
    assert repair.commits_lost == 7
    assert rows() == before


def test_a_file_that_was_never_the_table_is_not_chosen_unless_it_is_named(
    catalog: LakeCatalog, made: Sales, rows: Callable[[], Rows]
) -> None:
    uri = location(catalog)
    lost_race = path(uri).with_name("00007-7d5b4e0c-0000-4000-8000-000000000000.metadata.json")
    document = json.loads(path(uri).read_text())
    lost_race.write_text(json.dumps(document | {"last-updated-ms": document["last-updated-ms"] + 1000}))
    remove(catalog)

    best = table(catalog).find()
    named = table(catalog).find(lost_race.name)

    assert best is not None
    assert named is not None
    assert (best.file.number, best.is_proven) == (1, True)
    assert [path(one.uri).name for one in best.newer_files] == [lost_race.name]
    assert (path(named.file.uri).name, named.is_proven) == (lost_race.name, False)
    table(catalog).make(named)
    assert [row["order_id"] for row in rows()] == ["A", "B", "C"]


def test_a_file_whose_manifests_are_gone_is_not_whole(catalog: LakeCatalog, made: Sales) -> None:
    manifest_list = catalog.load_table(NAME).metadata.snapshots[0].manifest_list
    remove(catalog)
    path(manifest_list).unlink()

    repair = table(catalog).find()

    assert repair is not None
    assert repair.file.number == 0
    assert [one.fault for one in repair.newer_files] == [f"needs {manifest_list}, which is missing"]


def test_no_whole_file_says_so_and_what_else_there_is(catalog: LakeCatalog, made: Sales) -> None:
    for file in path(location(catalog)).parent.glob("*.metadata.json"):
        file.write_text("{")

    with pytest.raises(
        NoReadableMetadataError, match=r"intact and was surely committed\. None is intact\. .*lake tables apply"
    ):
        table(catalog).find()


@pytest.mark.parametrize("name", ["00001-no-such-file.metadata.json", "current"])
def test_a_file_that_is_named_must_be_there_and_whole(catalog: LakeCatalog, made: Sales, name: str) -> None:
    uri = cut(catalog)
    wanted, why = (uri, "it is not intact") if name == "current" else (name, "there is no such file")

    with pytest.raises(NoReadableMetadataError, match=why) as caught:
        table(catalog).find(wanted)
    assert "These are intact; choose one with --to: 00001-" in str(caught.value)


def test_a_whole_table_needs_no_repair(catalog: LakeCatalog, made: Sales) -> None:
    assert table(catalog).find() is None


@pytest.mark.parametrize("gone", ["metadata_location", "table_type"])
def test_a_table_that_glue_no_longer_calls_iceberg_is_found_again_with_its_last_commit(
    catalog: LakeCatalog, placement: Placement, made: Sales, rows: Callable[[], Rows], gone: str
) -> None:
    before = rows()
    set_parameters(catalog, lambda parameters: parameters.pop(gone))

    [change] = plan(catalog, [made.contract], placement)
    repair = table(catalog).find()
    assert repair is not None
    table(catalog).make(repair)

    assert "its entry in Glue is incomplete" in change.advice
    assert rows() == before


def test_a_table_that_was_changed_meanwhile_is_not_repaired(
    catalog: LakeCatalog, made: Sales, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove(catalog)
    broken = table(catalog)
    repair = broken.find()
    assert repair is not None

    def too_late(**_: object) -> None:
        raise catalog.glue.exceptions.ConcurrentModificationException({}, "UpdateTable")

    monkeypatch.setattr(catalog.glue, "update_table", too_late)

    with pytest.raises(TransientError, match="was changed by another writer"):
        broken.make(repair)
