"""The same files read by Spark and by DuckDB: raw rows, typed values, and rows with their reasons."""

import hashlib
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import boto3
import pytest
import sqlglot
from moto import mock_aws

from cartlake.aws.clients import client
from cartlake.runs.documents import FileFormat, ManifestFile
from glue_jobs.engines.duckdb.compiled import over, queries
from glue_jobs.engines.duckdb.reading import raw_rows_sql
from glue_jobs.engines.duckdb.session import open_session
from glue_jobs.engines.spark.frames import frame
from glue_jobs.engines.spark.reading import read_files
from glue_jobs.transforms.file_rows.conforming import cast_sql
from glue_jobs.transforms.file_rows.quarantine import quarantined
from glue_jobs.transforms.file_rows.steps import judged_rows

EXPONENT = re.compile(r"[-+]?[0-9.]+E[-+]?[0-9]+")
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
FILES = "_source_file string, file_id string, quarantined_at timestamp"
LINEAGE = "'run' as _run_id, timestamp '2026-03-01 12:00:00' as _ingested_at"


@pytest.fixture(scope="module")
def read(spark, incoming):
    """Reads files of a contract with both engines; returns raw rows, or values, by engine."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        client.cache_clear()
        boto3.client("s3").create_bucket(Bucket="raw")
        yield Reader(spark, incoming)
    client.cache_clear()


class Reader:
    def __init__(self, spark, incoming):
        self.spark, self.incoming = spark, incoming

    def dropped(self, contract, name, content, **layout):
        key = f"incoming/{contract.name}/{name}"
        path = self.incoming / contract.name / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(content)
        client("s3").put_object(Bucket="raw", Key=key, Body=content)
        digest = hashlib.sha256(content).hexdigest()
        layout = {"kind": "csv", "header": names_of(contract)} | layout
        return ManifestFile(
            file_id=hashlib.sha256(key.encode()).hexdigest()[:32],
            uri=f"s3://raw/{key}",
            version_id=None,
            etag="",
            size=len(content),
            sha256=digest,
            format=FileFormat(**layout),
        )

    def rows(self, contract, files):
        """Raw rows of each engine, sorted."""
        on_spark = read_files(self.spark, files, contract)
        return sorted_rows(on_spark.collect()), sorted_rows(self.on_duckdb(contract, files, "select * from raw"))

    def values(self, contract, files):
        """Typed rows of each engine: as text; timestamps in microseconds."""
        columns = [column for column in contract.table.file_columns if column.type != "string"]
        listed = [(cast_sql(column), column) for column in columns]
        on_spark = read_files(self.spark, files, contract).selectExpr(
            *(f"{text_of(sql, column, 'unix_micros')} as {column.name}" for sql, column in listed)
        )
        query = ", ".join(text_of(sql, column, "epoch_us") for sql, column in listed)
        in_duckdb = sqlglot.transpile(f"select {query} from raw", read="spark", write="duckdb")[0]
        return sorted_rows(written_out(on_spark.collect())), sorted_rows(self.on_duckdb(contract, files, in_duckdb))

    def judged(self, contract, files):
        """Rows of each engine with values, reasons and raw texts, as text, sorted."""
        rows = read_files(self.spark, files, contract).selectExpr("*", *LINEAGE.split(", "))
        on_spark = in_micros(judged_rows(rows, table=contract.table).persist())
        return [as_texts(on_spark), as_texts(judged_by_duckdb(contract, files)[0])]

    def refused(self, contract, files):
        """Rows of quarantine of each engine with their identifiers, as text, sorted."""
        rows = read_files(self.spark, files, contract).selectExpr("*", *LINEAGE.split(", "))
        listed = frame(self.spark, [(file.uri, file.file_id, AT) for file in files], FILES)
        judged = judged_rows(rows, table=contract.table).persist()
        on_spark = in_micros(quarantined(judged, listed, dataset=contract.name, version=contract.version))
        return [as_texts(on_spark), as_texts(judged_by_duckdb(contract, files)[1])]

    def on_duckdb(self, contract, files, query):
        with open_session() as session:
            session.execute(f"create table raw as {raw_rows_sql(session, files, contract)}")
            return session.rows(query)


def judged_by_duckdb(contract, files):
    """Judged rows, and those of quarantine, as dicts."""
    with open_session() as session:
        session.execute(f"create table raw as select *, {LINEAGE} from ({raw_rows_sql(session, files, contract)})")
        columns = "_source_file varchar, file_id varchar, quarantined_at timestamptz"
        session.execute(f"create table files ({columns})")
        for file in files:
            session.execute("insert into files values (?, ?, ?)", [file.uri, file.file_id, AT])
        made = over(queries().query(judged_rows, [session.columns("raw")], {"table": contract.table}), ["raw"])
        session.execute(f"create table judged as {made}")
        inputs = ["judged", "files"]
        words = {"dataset": contract.name, "version": contract.version}
        refused = over(queries().query(quarantined, [session.columns(name) for name in inputs], words), inputs)
        return tuple(dicts(session.execute(query)) for query in ("from judged", refused))


def in_micros(frame):
    """Rows of Spark as dicts, instants in microseconds: Python cannot make a datetime of the first day of year 1."""
    cells = (f"unix_micros({name}) as {name}" if kind == "timestamp" else name for name, kind in frame.dtypes)
    return [row.asDict(recursive=True) for row in frame.selectExpr(*cells).collect()]


def dicts(result):
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def as_texts(rows):
    """Rows as texts, sorted; instants in microseconds since 1970."""
    return sorted(str({name: plain(value) for name, value in sorted(row.items())}) for row in rows)


def plain(value):
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return value


def text_of(sql, column, micros):
    return f"cast({micros}({sql}) as string)" if column.type == "timestamp" else f"cast({sql} as string)"


def written_out(rows):
    """Rows of texts without exponents: Spark writes a decimal as `0E-8` for 0."""
    return [
        tuple(format(Decimal(text), "f") if EXPONENT.fullmatch(text or "") else text for text in row) for row in rows
    ]


def sorted_rows(rows):
    return sorted((tuple(row) for row in rows), key=repr)


def names_of(contract):
    return [column.name for column in contract.table.file_columns]


def agreed(rows):
    on_spark, on_duckdb = map(Counter, rows)
    apart = on_spark - on_duckdb, on_duckdb - on_spark
    assert apart == (Counter(), Counter()), [sorted(rows.elements())[::9][:9] for rows in apart]
    return rows[0]
