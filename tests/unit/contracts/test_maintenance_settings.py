"""The custom property `cartlake.maintenance`: defaults that do, and faults named with their repair."""

import pytest

from cartlake import contracts
from cartlake.contracts import ContractError, Maintenance
from cartlake.contracts.custom_properties.maintenance import MAX_SNAPSHOTS


@pytest.fixture
def table(document, read):
    def compiled(**settings):
        said = [{"property": "cartlake.maintenance", "value": settings}]
        document["schema"][0].setdefault("customProperties", []).extend(said if settings else [])
        return read(document).table

    return compiled


def test_a_contract_that_says_nothing_has_defaults(table):
    assert table().maintenance == Maintenance()
    assert table().table_properties["write.target-file-size-bytes"] == str(128 * 1024**2)


def test_what_it_says_is_taken_and_new_files_have_the_size_old_ones_are_joined_to(table):
    made = table(targetFileMb=256, zOrderBy=["item_id", "changed_at"], keepSnapshotsDays=30, statistics=[])

    assert made.maintenance == Maintenance(
        targetFileMb=256, zOrderBy=("item_id", "changed_at"), keepSnapshotsDays=30.0, statistics=()
    )
    assert made.table_properties["write.target-file-size-bytes"] == str(256 * 1024**2)
    assert made.statistics_columns == ()


def test_distinct_values_are_counted_of_the_columns_tables_are_joined_by():
    assert contracts.load("reviews").table.statistics_columns == ("review_id", "order_id", "customer_id", "product_id")


@pytest.mark.parametrize(
    ("settings", "where", "advice"),
    [
        pytest.param({"targetMb": 5}, "targetMb", "not a setting of maintenance; these are: enabled", id="typo"),
        pytest.param({"targetFileMb": 0}, "targetFileMb", "greater than or equal to 1", id="no size"),
        pytest.param({"smallFileRatio": 30}, "smallFileRatio", "less than or equal to 1", id="percent for a share"),
        pytest.param({"orphanDays": 1}, "orphanDays", "greater than or equal to 3", id="younger than a write may be"),
        pytest.param({"keepSnapshotsDays": 0}, "keepSnapshotsDays", "greater than or equal to 1", id="no time travel"),
        pytest.param({"statistics": ["nope"]}, "statistics", "no such column: nope; the table has", id="no column"),
        pytest.param({"zOrderBy": ["item_id"]}, "zOrderBy", "use cartlake.sortOrder", id="one column in z-order"),
        pytest.param({"zOrderBy": ["item_id", "amount"]}, "zOrderBy", "cannot be ordered by amount", id="decimal"),
        pytest.param({"statistics": ["item_id", "item_id"]}, "statistics", "each column once", id="twice"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named_with_its_repair(table, settings, where, advice):
    with pytest.raises(ContractError) as caught:
        table(**settings)

    faults = {fault.where: fault.advice for fault in caught.value.faults}
    assert f"schema.items.cartlake.maintenance.{where}" in faults
    assert advice in faults[f"schema.items.cartlake.maintenance.{where}"]


def test_a_dataset_may_not_have_the_name_of_a_workflow(document, tmp_path, read):
    document["name"] = "maintenance"

    with pytest.raises(ContractError, match="is a workflow of the ledger, which maintains tables"):
        read(document)


def test_rows_are_sorted_in_one_order_only(document, read):
    document["schema"][0].setdefault("customProperties", []).extend(
        [
            {"property": "cartlake.sortOrder", "value": ["item_id"]},
            {"property": "cartlake.maintenance", "value": {"zOrderBy": ["item_id", "changed_at"]}},
        ]
    )

    with pytest.raises(ContractError, match=r"choose cartlake\.sortOrder or zOrderBy: rows are sorted in one order"):
        read(document)


def test_the_table_says_to_its_writers_how_many_versions_they_keep(table):
    assert table(maxSnapshots=50).table_properties[MAX_SNAPSHOTS] == "50"


def test_a_table_that_is_not_maintained_says_nothing(table):
    assert MAX_SNAPSHOTS not in table(enabled=False).table_properties


def test_a_table_that_only_spark_writes_is_left_to_its_maintenance(document, read):
    document["customProperties"] = [
        *(one for one in document.get("customProperties", []) if one["property"] != "cartlake.engine"),
        {"property": "cartlake.engine", "value": "spark"},
    ]

    assert MAX_SNAPSHOTS not in read(document).table.table_properties


@pytest.mark.parametrize("version", ["3", 3, "1"])
def test_iceberg_tables_of_another_format_version_are_refused(document, read, version):
    said = {"property": "cartlake.tableProperties", "value": {"format-version": version}}
    document["schema"][0].setdefault("customProperties", []).append(said)

    with pytest.raises(ContractError, match=rf"tableProperties\.format-version.*{version}.*Athena reads"):
        read(document)


def test_a_contract_may_say_the_format_version_that_all_tables_have(document, read):
    said = {"property": "cartlake.tableProperties", "value": {"format-version": "2"}}
    document["schema"][0].setdefault("customProperties", []).append(said)

    assert read(document).table.table_properties["format-version"] == "2"
