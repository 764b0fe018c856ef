"""What `lake duckdb` prints attaches a DuckDB to the embedded AWS, and every query reads the newest version."""

from importlib.util import find_spec
from pathlib import Path

import duckdb
import pytest

from cartlake_cli.operations.registration import Registered, duckdb_sql
from localaws.testing.athena import Lake

pytestmark = pytest.mark.integration


def without_downloads(sql):
    """The SQL with the extensions of the packages that are installed here, in place of those of DuckDB's server."""
    for name in ("httpfs", "iceberg", "avro"):
        [folder] = find_spec(f"duckdb_extension_{name}").submodule_search_locations
        [file] = Path(folder).glob(f"extensions/v{duckdb.__version__}/*.duckdb_extension")
        installed = f"install {name}; load {name};"
        sql = sql.replace(installed, f"load '{file}';") if installed in sql else f"load '{file}';\n{sql}"
    return sql


@pytest.fixture(params=["0", "1"], ids=["without rights", "with rights"])
def orders(running_localaws, tmp_path, monkeypatch, request):
    """A table of three rows in an embedded AWS, which checks rights or does not."""
    monkeypatch.setenv("LOCALAWS_AUTH", request.param)
    with running_localaws(tmp_path) as aws:
        lake = Lake(aws, "dev-curated-1")
        lake.create("orders", "id bigint, amount decimal(12,2)")
        lake.run("INSERT INTO orders VALUES (1, DECIMAL '1.50'), (2, NULL), (3, DECIMAL '3.00')")
        yield lake


def test_the_views_follow_the_tables(orders):
    entry = orders.glue.get_table(DatabaseName=orders.database, Name="orders")["Table"]
    table = Registered(
        name="curated.orders",
        database=orders.database,
        table="orders",
        location=entry["StorageDescriptor"]["Location"],
        metadata_location=entry["Parameters"]["metadata_location"],
        snapshot_id="1",
        region="us-east-1",
        account_id="000000000000",
    )
    sums = "select count(*), sum(amount) from curated.orders"

    with duckdb.connect(config={"allow_unsigned_extensions": "true"}) as connection:
        connection.execute(without_downloads(duckdb_sql([table], orders.aws.endpoint)))
        before = connection.execute(sums).fetchone()
        orders.run("INSERT INTO orders VALUES (4, DECIMAL '10.00')")
        orders.run("DELETE FROM orders WHERE id = 1")
        after = connection.execute(sums).fetchone()
        with pytest.raises(duckdb.Error, match=r"(?i)read.?only"):
            connection.execute(f'insert into lake."{orders.database}"."orders" values (5, 1)')

    assert [(rows, str(amount)) for rows, amount in (before, after)] == [(3, "4.50"), (3, "13.00")]
