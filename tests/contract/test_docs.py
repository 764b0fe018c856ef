"""Pages that list what there is leave nothing out."""

from pathlib import Path

import pytest

from cartlake import contracts

TABLES = (Path(__file__).parents[2] / "docs" / "tables.md").read_text()
ALL = [pytest.param(table, id=table.physical_name) for contract in contracts.load_all() for table in contract.tables]


@pytest.mark.parametrize("table", ALL)
def test_every_table_is_listed_with_its_grain_and_what_it_is_built_from(table):
    [line] = [line for line in TABLES.splitlines() if line.startswith(f"| `{table.physical_name}` |")]

    assert table.grain in line
    assert all(f"`{upstream.table}`" in line for upstream in (table.build.upstreams if table.build else ()))
