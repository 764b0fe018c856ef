"""Every dataset of a world and its contract agree: clean rows break no error rule, dirty rows break theirs."""

from datetime import date

import pyarrow.parquet as pq
import pytest

from cartlake import contracts
from generators.dirt.datasets import KINDS
from generators.schemas import DATASETS, schema_of
from generators.world import generate_world

from .conftest import dirty_rows
from .judging import CAST, MALFORMED, connect, read_csv, verdicts_of

ARROW_NAMES = {
    "string": "string",
    "int32": "int",
    "bool": "boolean",
    "date32[day]": "date",
    "decimal128(12, 2)": "decimal(12,2)",
    "decimal128(18, 8)": "decimal(18,8)",
    "timestamp[us, tz=UTC]": "timestamp",
}
DIRTIEST = {"days": 32, "orders_per_day": 60, "seed": 3, "dirty": 0.35, "start_date": date(2026, 1, 5)}


def table_of(dataset):
    return contracts.load(dataset).table


@pytest.fixture(scope="module")
def dirtiest(tmp_path_factory):
    """Manifest, and the broken rules of every row by dataset, of a world with enough dirt for every kind."""
    out = tmp_path_factory.mktemp("dirtiest")
    manifest = generate_world(out, **DIRTIEST)
    verdicts = {
        dataset: verdicts_of(table_of(dataset), {file.name: read_csv(out / file.name) for file in truth.files})
        for dataset, truth in manifest.datasets.items()
    }
    return manifest, verdicts


@pytest.mark.parametrize("dataset", DATASETS)
def test_columns_are_those_of_the_contract_in_order_and_type(dataset):
    generated = [(field.name, ARROW_NAMES[str(field.type)]) for field in schema_of(dataset)]

    assert generated == [(column.name, column.type) for column in table_of(dataset).file_columns]


@pytest.mark.parametrize("dataset", DATASETS)
def test_clean_rows_break_no_error_rule_and_the_warnings_that_are_counted(dirtiest, dataset):
    manifest, verdicts = dirtiest
    truth = manifest.datasets[dataset]
    dirty = dirty_rows(truth)
    broken = [rule for row, rules in verdicts[dataset].items() if row not in dirty for rule in rules]

    assert {rule: broken.count(rule) for rule in broken} == truth.warnings


@pytest.mark.parametrize("dataset", DATASETS)
def test_only_dirty_rows_break_an_error_rule(dirtiest, dataset):
    manifest, verdicts = dirtiest
    truth = manifest.datasets[dataset]
    errors = {rule.name for rule in table_of(dataset).row_rules if rule.severity == "error"}
    quarantined = {
        row
        for row, rules in verdicts[dataset].items()
        if rules & errors or any(rule.startswith(CAST) or rule == MALFORMED for rule in rules)
    }

    assert quarantined == dirty_rows(truth)
    assert len(quarantined) == truth.expected_quarantined == truth.dirty_rows


@pytest.mark.parametrize(
    ("dataset", "kind"),
    [pytest.param(dataset, kind, id=f"{dataset} {kind.name}") for dataset in KINDS for kind in KINDS[dataset]],
)
def test_each_dirty_row_breaks_the_rules_its_kind_names(dirtiest, dataset, kind):
    manifest, verdicts = dirtiest
    planted = manifest.datasets[dataset].dirt[kind.name]

    missed = [
        (name, row)
        for name, rows in planted.rows.items()
        for row in rows
        if not set(kind.rules) <= verdicts[dataset][name, row]
    ]

    assert planted.count >= 3
    assert planted.rules == kind.rules
    assert missed == []


@pytest.mark.parametrize("dataset", DATASETS)
def test_kinds_name_only_error_rules_the_contract_has(dataset):
    table = table_of(dataset)
    errors = {rule.name for rule in table.row_rules if rule.severity == "error"}
    casts = {f"{CAST}{column.name}" for column in table.file_columns}

    assert {rule for kind in KINDS[dataset] for rule in kind.rules} <= errors | casts | {MALFORMED}


@pytest.mark.parametrize("file_format", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("dataset", DATASETS)
def test_every_format_has_several_kinds_of_dirt_with_names_of_their_own(dataset, file_format):
    names = [kind.name for kind in KINDS[dataset] if file_format in kind.formats]

    assert len(names) == len(set(names))
    assert len(names) >= (4 if dataset in {"vendors", "fx_rates"} else 8)


def test_parquet_files_have_the_types_of_the_contract_and_the_same_dirt(tmp_path):
    manifest = generate_world(tmp_path, **DIRTIEST | {"days": 20}, file_format="parquet")
    database = connect()

    for dataset, truth in manifest.datasets.items():
        any_broken = " or ".join(rule.broken for rule in table_of(dataset).row_rules if rule.severity == "error")
        for file in truth.files:
            assert pq.read_schema(tmp_path / file.name).remove_metadata() == schema_of(dataset)
            found = database.execute(
                "select count(*), count_if(broken) from (select *, "
                f"({any_broken}) as broken from (select *, current_timestamp as _ingested_at "
                f"from '{tmp_path / file.name}'))"
            ).fetchone()
            assert found == (file.rows, file.dirty_rows)
