"""Masked tables hold the rows of their tables without personal data, and are what the contracts say now."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cartlake import contracts
from cartlake.contracts import Contract, loading
from cartlake_cli.contracts.masked_contracts import can_be_masked, masked_name, outdated, text_of, written_at
from cartlake_cli.errors import CommandError

ROOT = Path(__file__).parents[2]
MASKED = sorted(one.name for one in contracts.load_all() if can_be_masked(one))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the contracts, which are loaded from it."""
    copied = Path(shutil.copytree(ROOT / "contracts", tmp_path / "contracts"))
    monkeypatch.setenv("CARTLAKE_CONTRACTS_DIR", str(copied))
    _forget()
    yield copied
    _forget()


def _forget() -> None:
    loading._load.cache_clear()
    loading._stems.cache_clear()


def test_every_table_with_personal_data_outside_ops_has_a_masked_table() -> None:
    personal = {one.name for one in contracts.load_all() for table in one.tables if table.protected_columns}

    assert set(MASKED) == personal - {"ops"}
    assert {f"{name}_masked" for name in MASKED} <= set(contracts.all_names())


def test_masked_contracts_are_what_the_command_writes() -> None:
    assert outdated(ROOT / "contracts") == []


@pytest.mark.parametrize("name", MASKED)
def test_a_masked_table_has_no_protected_column_and_every_other_one_of_its_table(name: str) -> None:
    table, masked = contracts.load(name).table, contracts.load(f"{name}_masked").table
    kept = {column.name for column in table.file_columns if not column.protected}

    assert masked.protected_columns == ()
    assert kept <= {column.name for column in masked.columns}
    assert masked.primary_key == table.primary_key
    assert masked.build is not None
    assert {one.column for one in masked.build.masks} == {column.name for column in table.protected_columns}


def test_a_column_that_becomes_personal_data_makes_the_masked_contract_outdated(folder: Path) -> None:
    path = folder / "customers.odcs.yaml"
    city = "      - name: city\n        logicalType: string\n        physicalType: string\n"
    assert city in path.read_text()
    path.write_text(path.read_text().replace(f"{city}        classification: internal", f"{city}        tags: [pii]"))

    assert outdated(folder) == ["customers"]
    assert "- column: city\n        mask: redact" in text_of(contracts.load("customers"))


def test_a_word_that_is_no_open_classification_protects(folder: Path) -> None:
    path = folder / "vendors.odcs.yaml"
    path.write_text(path.read_text().replace("classification: internal", "classification: secret"))

    assert contracts.load("vendors").table.protected_columns


def test_what_has_no_personal_data_has_no_masked_table(folder: Path) -> None:
    products: Contract = contracts.load("products")

    assert not can_be_masked(products)
    with pytest.raises(CommandError, match="No masked table can be built of products"):
        text_of(products)
    assert written_at(folder, products).name == f"{masked_name(products)}.odcs.yaml"
