"""One small Spark session for all Spark tests: one core, UTC, an Iceberg catalog in a folder, `s3://` in another."""

from __future__ import annotations

import os
import shutil
import sys
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import duckdb
import pyarrow as pa
import pytest
from moto import mock_aws
from pyspark.sql import SparkSession
from sqlframe.duckdb import DuckDBSession

from cartlake import contracts
from cartlake.aws.clients import client
from cartlake.engine import current, using
from glue_jobs.engines.spark import frames
from glue_jobs.engines.spark.session import cache_functions
from localaws.spark import java
from localaws.spark.jars import classpath
from localaws.spark.session import ICEBERG_EXTENSIONS, QUICK_START_FLAGS
from localaws.testing.fixtures import localaws  # noqa: F401 - a fixture
from tests.spark import loading
from tests.spark.both_readers import read  # noqa: F401 - a fixture
from tests.spark.light_loading import LightLake
from tests.spark.parcels import ParcelLake
from tests.spark.shared_loading import SharedLake, use_embedded_catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from localaws.testing.server import LocalAws

    MakeFrame = Callable[[Sequence[tuple[object, ...]], str], Any]


@pytest.fixture(scope="session")
def incoming(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that Spark sees as `s3://raw/incoming`."""
    return tmp_path_factory.mktemp("incoming")


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the Iceberg catalog: database, table, then data and metadata."""
    return tmp_path_factory.mktemp("warehouse")


@pytest.fixture(scope="session")
def spark(incoming: Path, warehouse: Path) -> Iterator[SparkSession]:
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ.setdefault("JAVA_HOME", str(java.java_home()))
    overload = "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme"
    conf = {
        "spark.master": "local[1]",
        "spark.driver.memory": "1g",
        "spark.driver.extraClassPath": classpath(),
        "spark.driver.extraJavaOptions": f"{' '.join(QUICK_START_FLAGS)} -Duser.timezone=UTC",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "1",
        # Few rows and many plans: compiling each takes longer than interpreting it.
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        # Over so few rows, planning anew after each stage and broadcasting cost more than they save.
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.autoBroadcastJoinThreshold": "-1",
        "spark.sql.extensions": ICEBERG_EXTENSIONS,
        "spark.sql.catalog.glue_catalog": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.glue_catalog.type": "hadoop",
        "spark.sql.catalog.glue_catalog.warehouse": warehouse.as_uri(),
        # s3://raw/incoming is a folder: the job reads the URIs of its manifest, and no AWS is there.
        "spark.hadoop.fs.s3.impl": overload,
        "spark.hadoop.fs.viewfs.overload.scheme.target.s3.impl": "org.apache.hadoop.fs.LocalFileSystem",
        "spark.hadoop.fs.viewfs.overload.scheme.target.file.impl": "org.apache.hadoop.fs.LocalFileSystem",
        "spark.hadoop.fs.viewfs.mounttable.raw.link./incoming": incoming.as_uri(),
    }
    session = SparkSession.builder.config(map={**conf}).getOrCreate()
    cache_functions(session)
    yield session
    session.stop()


@pytest.fixture(scope="module")
def duckdb_frames() -> Iterator[MakeFrame]:
    """Makes SQLFrame frames over tables of a DuckDB of their own."""
    names = (f"frame_{number}" for number in count())
    types = {"string": "varchar", "timestamp": "timestamptz"}
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        DuckDBSession().stop()  # SQLFrame keeps one session per process, whatever connection it is given later
        session = DuckDBSession(connection)

        def make(rows: Sequence[tuple[object, ...]], schema: str) -> Any:
            columns = [column.split(" ", 1) for column in schema.split(", ")]
            ddl = ", ".join(f"{column} {types.get(kind, kind)}" for column, kind in columns)
            name = next(names)
            connection.execute(f"create table {name} ({ddl})")
            if rows:  # as one Arrow table: DuckDB plans an INSERT for each row that `executemany` is given
                batch = pa.table(
                    [pa.array(values) for values in zip(*rows, strict=True)], [str(n) for n in range(len(columns))]
                )
                connection.register("batch", batch)
                connection.execute(f"insert into {name} from batch")
            return session.table(name)

        yield make


ENGINES = ("spark", "duckdb")


@pytest.fixture(params=ENGINES)
def frame(request: pytest.FixtureRequest) -> Iterator[MakeFrame]:
    """Makes frames of the engine under test: each test that asks for it runs on Spark and on DuckDB."""
    with using(request.param):
        if request.param == "duckdb":
            yield request.getfixturevalue("duckdb_frames")
        else:
            session = request.getfixturevalue("spark")
            yield lambda rows, schema: frames.frame(session, rows, schema)


@pytest.fixture(scope="module")
def answers() -> dict[Any, Any]:
    """The answers of `once`, by engine and question."""
    return {}


@pytest.fixture
def once(frame: MakeFrame, answers: dict[Any, Any]) -> Callable[[Callable[[MakeFrame], Any]], Any]:
    """Ask about all cases of a test in one plan: the first case asks, the others of this engine get its answer.

    Planning takes a hundred times longer than one more row. The question is a function of the frame maker.
    """

    def ask(question: Callable[[MakeFrame], Any]) -> Any:
        key = (current(), question)
        if key not in answers:
            answers[key] = question(frame)
        return answers[key]

    return ask


@pytest.fixture
def tables(spark: SparkSession, warehouse: Path) -> Iterator[dict[str, str]]:
    """Empty tables of all contracts, named by their physical names; those a test wrote to are made anew."""
    described = [table for contract in contracts.load_all() for table in contract.tables]
    for table in described:
        if not (warehouse / table.database / table.bare_name).exists():
            spark.sql(f"create namespace if not exists glue_catalog.{table.database}")
            spark.sql(contracts.iceberg_ddl(table))
    yield {table.physical_name: f"glue_catalog.{table.physical_name}" for table in described}
    for table in described:
        if len(list(warehouse.glob(f"{table.database}/{table.bare_name}/metadata/*.metadata.json"))) != 1:
            spark.sql(f"drop table if exists glue_catalog.{table.physical_name} purge")


@pytest.fixture
def spark_lake(
    spark: SparkSession, incoming: Path, tables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[loading.Lake]:
    """Buckets, empty tables of all contracts, and a way to load files of `transactions`."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client.cache_clear()
        for name in ("raw", "artifacts"):
            boto3.client("s3").create_bucket(Bucket=name)
        yield loading.Lake(spark, incoming)
    client.cache_clear()


@pytest.fixture
def lake(spark_lake: loading.Lake) -> loading.Lake:
    """The lake on Spark; tests of both engines replace this fixture by one with both."""
    return spark_lake


@pytest.fixture
def light_lake(
    localaws: LocalAws,  # noqa: F811 - a fixture
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[LightLake]:
    """Buckets and empty tables in an embedded AWS, and a way to load files with the light engine."""
    for name, value in localaws.env.items():
        monkeypatch.setenv(name, value)
    client.cache_clear()
    yield LightLake.new()
    client.cache_clear()


@pytest.fixture
def correct(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change the contract of transactions: each time the texts are replaced in today's contracts."""
    folders = iter(range(100))

    def change(*replacements: tuple[str, str]) -> None:
        folder = tmp_path / f"contracts-{next(folders)}"
        shutil.copytree(Path(contracts.load("transactions").source).parent, folder)
        path = folder / "transactions.odcs.yaml"
        for old, new in replacements:
            assert old in path.read_text()
            path.write_text(path.read_text().replace(old, new))
        monkeypatch.setenv("CARTLAKE_CONTRACTS_DIR", str(folder))

    return change


@pytest.fixture
def shared_lake(
    spark: SparkSession,
    incoming: Path,
    localaws: LocalAws,  # noqa: F811 - a fixture
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., SharedLake]]:
    """Makes lakes in an embedded AWS that both engines load; the first argument names the one that does."""
    for name, value in localaws.env.items():
        monkeypatch.setenv(name, value)
    client.cache_clear()
    use_embedded_catalog(spark, localaws.endpoint)

    def make(engine: str, dataset: str = "transactions") -> SharedLake:
        lake = SharedLake.shared(spark, incoming, dataset)
        lake.engine = engine
        return lake

    yield make
    client.cache_clear()


@pytest.fixture
def parcel_lakes(
    spark: SparkSession,
    incoming: Path,
    localaws: LocalAws,  # noqa: F811 - a fixture
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[[str], ParcelLake]]:
    """Makes lakes of parcels, whose contract a test writes first; the argument names the engine that loads them."""
    for name, value in localaws.env.items():
        monkeypatch.setenv(name, value)
    client.cache_clear()
    use_embedded_catalog(spark, localaws.endpoint)

    def make(engine: str) -> ParcelLake:
        lake = ParcelLake.shared(spark, incoming, "parcels")
        lake.engine = engine
        return lake

    yield make
    client.cache_clear()
