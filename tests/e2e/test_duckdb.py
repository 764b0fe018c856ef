"""A DuckDB beside the lake reads what Athena reads, in the newest version."""

from importlib.util import find_spec
from pathlib import Path

import duckdb
import pytest

pytestmark = pytest.mark.e2e


def without_downloads(sql):
    """The SQL with the extensions of the packages that are installed here, in place of those of DuckDB's server."""
    for name in ("httpfs", "iceberg"):
        [folder] = find_spec(f"duckdb_extension_{name}").submodule_search_locations
        [file] = Path(folder).glob(f"extensions/v{duckdb.__version__}/*.duckdb_extension")
        sql = sql.replace(f"install {name}; load {name};", f"load '{file}';")
    [folder] = find_spec("duckdb_extension_avro").submodule_search_locations
    [avro] = Path(folder).glob(f"extensions/v{duckdb.__version__}/*.duckdb_extension")
    return f"load '{avro}';\n{sql}"


def test_a_duckdb_reads_the_newest_rows_also_those_written_after_it_was_attached(lake, demo, run_lake, orders, rows_of):
    sql = run_lake("duckdb", "transactions", "curated.sales_daily").stdout
    path, _ = orders(30)

    with duckdb.connect(config={"allow_unsigned_extensions": "true"}) as connection:
        connection.execute(without_downloads(sql))
        [before] = connection.execute("select count(*) from processed.transactions").fetchone()
        run_lake("drop", "transactions", path, "--wait")
        counts = [connection.execute(f"select count(*) from {name}").fetchone()[0] for name in TABLES]
        last = connection.execute(
            "select count(*) from processed.transactions where _source_file like ?", [f"%{path.name}"]
        ).fetchone()

    assert counts == [int(rows_of(f"select count(*) from {name}")[0][0]) for name in TABLES]
    assert (counts[0] - before, last) == (30, (30,))


TABLES = ("processed.transactions", "curated.sales_daily")
