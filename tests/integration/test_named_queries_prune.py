"""A named query that is asked for some days opens the files of those days, and no others."""

from pathlib import Path

import pytest

from cartlake import contracts
from cartlake.queries.named_queries import NamedQuery
from cartlake_cli.athena import views
from cartlake_cli.migrations import migrate as tables
from cartlake_cli.migrations.migrate import Placement
from localaws.athena.clients import Clients, Endpoint
from localaws.athena.engine import Engine
from localaws.athena.statements import Statement

pytestmark = pytest.mark.integration

QUERIES = Path(__file__).parents[2] / "athena_queries"
OLD, NEW = "2019-03-04", "2026-06-01"  # Mondays, of other years, months, weeks and days
TEXTS = {"date": "DATE '{day}'", "timestamp": "TIMESTAMP '{day} 12:00:00 UTC'"}
PARAMETRISED = [
    query
    for path in sorted(QUERIES.glob("*.sql"))
    if (query := NamedQuery.read(path.stem, path.read_text())).parameters and path.stem != "cost_by_query"
]


def literal(table, column, day):
    """Some value that the type of the column takes; the day, where rows are partitioned by one."""
    kind = column.type
    if column.name.startswith("superseded"):
        return "NULL"  # a verdict that counts no more is left out, whatever its day
    if kind in TEXTS:
        return TEXTS[kind].format(day=day)
    if kind == "boolean":
        return "true"
    if kind == "array<string>":
        return "ARRAY['a']"
    if kind.startswith("decimal"):
        return f"CAST(1 AS {kind})"
    return "'a'" if kind == "string" else f"CAST(1 AS {kind.replace('int', 'integer') if kind == 'int' else kind})"


def data_files(lake):
    pages = lake.s3.get_paginator("list_objects_v2").paginate(Bucket="prunetest")
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    return {f"s3://prunetest/{key}" for key in keys if key.endswith(".parquet") and "/dim_" not in key}


@pytest.fixture(scope="module")
def lake(localaws):
    """Every table of the contracts with a file of an old day and one of a new day; `old` are the files of the old one.

    Dimensions are left out of `old`: a product sold today may have been described long ago.
    """
    from localaws.testing.athena import Lake

    made = Lake(localaws, "prunetest")
    for database in ("processed", "curated", "masked", "ops"):
        made.glue.create_database(DatabaseInput={"Name": database, "LocationUri": f"s3://prunetest/{database}/"})
    described = contracts.load_all()
    tables.apply(made.iceberg(), described, Placement({}, {}))
    for day in (OLD, NEW):
        for table in (table for contract in described for table in contract.tables):
            values = ", ".join(literal(table, column, day) for column in table.columns)
            made.run(f"INSERT INTO {table.physical_name} VALUES ({values})")
        made.old = made.old if day == NEW else data_files(made)
    for view in views.read_views(QUERIES / "views"):
        made.run(view.sql)
    yield made
    for database in ("processed", "curated", "masked", "ops"):
        made.glue.delete_database(Name=database)


@pytest.fixture(scope="module")
def engine(localaws):
    return Engine(Clients(Endpoint(localaws.endpoint, localaws.env["AWS_REGION"])))


@pytest.mark.parametrize("query", PARAMETRISED, ids=lambda query: query.name)
def test_a_query_of_new_days_opens_no_file_of_an_old_day(lake, engine, query):
    first = query.parameters[0].name

    def opened(day):
        literals = query.literals({first: day}, NEW)
        return set(engine.run(Statement(query.sql, "processed", tuple(literals))).files_read)

    assert opened(OLD) & lake.old, "without old files there is nothing to leave out"
    assert opened(NEW)
    assert not opened(NEW) & lake.old
