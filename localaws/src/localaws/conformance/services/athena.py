"""Athena: numbers, NULL, text tables, Iceberg tables, refusals, and the API around queries."""

from __future__ import annotations

import base64
import json
import uuid
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from localaws.conformance.checks import check, equal, refused
from localaws.conformance.errors import OtherAnswerError
from localaws.conformance.services.glue import database

if TYPE_CHECKING:
    from localaws.conformance.target import Target

FINAL = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})


class _Queries:
    """A bucket, a database, and queries of them."""

    def __init__(self, target: Target) -> None:
        self._target, self._client = target, target.client("athena")
        self.bucket = target.bucket()
        self.glue, self.database = database(target)

    def request(self, sql: str) -> dict[str, Any]:
        """Return the request of StartQueryExecution."""
        return {
            "QueryString": sql,
            "QueryExecutionContext": {"Database": self.database},
            "ResultConfiguration": {"OutputLocation": f"s3://{self.bucket}/results/"},
        }

    def ended(self, sql: str) -> dict[str, Any]:
        """Run a statement; return its execution."""
        query = self._client.start_query_execution(**self.request(sql))["QueryExecutionId"]
        found: dict[str, Any] = self._target.eventually(
            lambda: self._client.get_query_execution(QueryExecutionId=query)["QueryExecution"],
            lambda execution: execution["Status"]["State"] in FINAL,
        )
        return found

    def run(self, sql: str) -> dict[str, Any]:
        """Run a statement; return its execution. Raises OtherAnswerError if it fails."""
        execution = self.ended(sql)
        if execution["Status"]["State"] != "SUCCEEDED":
            raise OtherAnswerError(f"{sql}: {execution['Status'].get('StateChangeReason', 'failed')}")
        return execution

    def rows(self, sql: str) -> list[list[str | None]]:
        """Run a query; return its rows without the header."""
        query = self.run(sql)["QueryExecutionId"]
        found = self._client.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
        return [[cell.get("VarCharValue") for cell in row["Data"]] for row in found[1:]]

    def fails(self, sql: str, words: str) -> None:
        """Raise OtherAnswerError unless the statement fails with these words in its reason."""
        status = self.ended(sql)["Status"]
        if status["State"] == "SUCCEEDED":
            raise OtherAnswerError(f"{sql} succeeded, AWS says {words}")
        if words.lower() not in status.get("StateChangeReason", "").lower():
            raise OtherAnswerError(f"{sql}: {status.get('StateChangeReason')!r}, AWS says {words}")

    def refuses(self, sql: str, words: str) -> None:
        """Raise OtherAnswerError unless the statement is refused with these words, at once or when it is run."""
        try:
            self.fails(sql, words)
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidRequestException" or words.lower() not in str(error).lower():
                raise

    def table(self, name: str, definition: str, **objects: str) -> None:
        """Create an external table over text objects."""
        for key, text in objects.items():
            self._target.client("s3").put_object(Bucket=self.bucket, Key=f"{name}/{key}", Body=text.encode())
        self.run(f"CREATE EXTERNAL TABLE {name} {definition} LOCATION 's3://{self.bucket}/{name}/'")
        self._target.later(self.glue.delete_table, DatabaseName=self.database, Name=name)

    def iceberg(self, name: str) -> None:
        """Create an Iceberg table of an int and a string."""
        place = f"LOCATION 's3://{self.bucket}/{name}/' TBLPROPERTIES ('table_type' = 'ICEBERG')"
        self.run(f"CREATE TABLE {name} (a int, b string) {place}")
        self._target.later(self.glue.delete_table, DatabaseName=self.database, Name=name)


@check("athena", "a number with a point is a double, DECIMAL '…' is exact")
def numbers(target: Target) -> None:
    sql = "select typeof(1.2), 1.2/7, 1/0.0, 0.1+0.2, DECIMAL '0.1' + DECIMAL '0.2'"
    answer = ["double", "0.17142857142857143", "Infinity", "0.30000000000000004", "0.3"]
    equal(_Queries(target).rows(sql), [answer])


@check("athena", "integers are divided as integers, and by zero is an error")
def division(target: Target) -> None:
    queries = _Queries(target)
    equal(queries.rows("select 7/2, -7/2, 7 % 3"), [["3", "-3", "1"]])
    queries.fails("select 1/0", "division by zero")


@check("athena", "a scalar function of NULL is NULL")
def nulls(target: Target) -> None:
    sql = "select concat('a', null), array_union(array[1], null), split('a', cast(null as varchar)), greatest(1, null)"
    equal(_Queries(target).rows(sql), [[None] * 4])


@check("athena", "values are compared as in Trino: types must fit, NULL stands last, char(n) is padded")
def comparison(target: Target) -> None:
    queries = _Queries(target)
    queries.fails("select 1 = '1'", "type_mismatch")
    equal(queries.rows("select x from (values 2, null, 1) t(x) order by x desc"), [["2"], ["1"], [None]])
    equal(queries.rows("select length(cast('ab' as char(5)))"), [["5"]])


@check("athena", "a name that is not known, and a typing mistake, are errors with their place")
def mistakes(target: Target) -> None:
    queries = _Queries(target)
    queries.fails("select nothing from (values 1) t(x)", "line 1:8")
    queries.fails("select * from missing", "line 1:15")
    queries.refuses("selec 1", "line 1:1: mismatched input 'selec'")


@check("athena", "text of results: arrays, maps, rows, booleans, timestamps")
def texts(target: Target) -> None:
    row = "cast(row(1, 'x') as row(a int, b varchar))"
    sql = f"select array[1, null], map(array['k'], array[true]), {row}, timestamp '2024-01-02 03:04:05'"
    equal(_Queries(target).rows(sql), [["[1, null]", "{k=true}", "{a=1, b=x}", "2024-01-02 03:04:05.000"]])


@check("athena", "text tables: an empty line is a row, a missing field is NULL, `yes` is no boolean")
def text_tables(target: Target) -> None:
    queries = _Queries(target)
    queries.table("t", "(a int, b boolean) ROW FORMAT DELIMITED FIELDS TERMINATED BY ','", f="1,true\n2\n3,yes\n\n")
    equal(queries.rows("select * from t"), [["1", "true"], ["2", None], ["3", None], [None, None]])


@check("athena", "text tables: arrays, maps and structs between delimiters of their own")
def nested_texts(target: Target) -> None:
    queries = _Queries(target)
    delimiters = "FIELDS TERMINATED BY ',' COLLECTION ITEMS TERMINATED BY '|' MAP KEYS TERMINATED BY ':'"
    queries.table("t", f"(a array<int>, m map<string,int>) ROW FORMAT DELIMITED {delimiters}", f="1|2,k:3|j:4\n")
    equal(queries.rows("select a, m['k'], m['j'] from t"), [["[1, 2]", "3", "4"]])


@check("athena", "characters of glob patterns in keys are characters")
def glob_characters(target: Target) -> None:
    queries = _Queries(target)
    target.client("s3").put_object(Bucket=queries.bucket, Key="x1/other", Body=b"9\n")
    target.client("s3").put_object(Bucket=queries.bucket, Key="x[1]/own", Body=b"1\n")
    queries.table("t", "(a int) ROW FORMAT DELIMITED FIELDS TERMINATED BY ','")
    entry = queries.glue.get_table(DatabaseName=queries.database, Name="t")["Table"]
    storage = {**entry["StorageDescriptor"], "Location": f"s3://{queries.bucket}/x[1]/"}
    table = {"Name": "t", "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage, "PartitionKeys": []}
    queries.glue.update_table(DatabaseName=queries.database, TableInput=table)
    equal(queries.rows("select a from t"), [["1"]])


@check("athena", "rows of an Iceberg table are inserted, updated, merged, deleted, and read as they were")
def iceberg(target: Target) -> None:
    queries = _Queries(target)
    queries.iceberg("t")
    queries.run("insert into t values (1, 'x'), (2, 'y')")
    queries.run("update t set b = 'z' where a = 1")
    queries.run(
        "merge into t using (values (2, 'm'), (3, 'n')) s(a, b) on t.a = s.a "
        "when matched then update set b = s.b when not matched then insert values (s.a, s.b)"
    )
    queries.run("delete from t where a = 1")
    equal(queries.rows("select a, b from t order by a"), [["2", "m"], ["3", "n"]])
    [[first], *_] = queries.rows('select snapshot_id from "t$snapshots" order by committed_at')
    before = f"select b from t for version as of {int(str(first))} order by a"  # noqa: S608 -- a number
    equal(queries.rows(before), [["x"], ["y"]])


@check("athena", "a table or view needs a name and a type for each column")
def unnamed_columns(target: Target) -> None:
    queries = _Queries(target)
    queries.fails("create view v as select 1, 2", "column name not specified at position 1")
    queries.fails("create table t with (format = 'PARQUET') as select null as y", "unknown")


@check("athena", "a view cannot have types that Hive does not have")
def view_types(target: Target) -> None:
    _Queries(target).fails("create view v as select current_timestamp as at", "unsupported hive type")


@check("athena", "a view is stored as formatted text, without comments and the AS of aliases")
def view_text(target: Target) -> None:
    queries = _Queries(target)
    queries.run("create view v as select 1 as a -- one")
    target.later(queries.glue.delete_table, DatabaseName=queries.database, Name="v")
    text = queries.glue.get_table(DatabaseName=queries.database, Name="v")["Table"]["ViewOriginalText"]
    stored = json.loads(base64.b64decode(text.removeprefix("/* Presto View: ").removesuffix(" */")))
    equal(" ".join(stored["originalSql"].split()), "SELECT 1 a")


@check("athena", "the same request token is one execution, and another query with it is refused")
def request_token(target: Target) -> None:
    queries, client, token = _Queries(target), target.client("athena"), uuid.uuid4().hex
    request = {**queries.request("select 1"), "ClientRequestToken": token}
    ids = {client.start_query_execution(**request)["QueryExecutionId"] for _ in range(2)}
    equal(len(ids), 1)
    refused("InvalidRequestException", client.start_query_execution, **{**request, "QueryString": "select 2"})


@check("athena", "an execution tells the kind of its statement and where its result is")
def execution(target: Target) -> None:
    queries = _Queries(target)
    found = queries.run("select 1")
    equal((found["StatementType"], found.get("SubstatementType")), ("DML", "SELECT"))
    place = f"s3://{queries.bucket}/results/{found['QueryExecutionId']}.csv"
    equal(found["ResultConfiguration"]["OutputLocation"], place)
    key = place.partition(f"{queries.bucket}/")[2]
    body = target.client("s3").get_object(Bucket=queries.bucket, Key=key)["Body"].read()
    equal(body, b'"_col0"\n"1"\n')


@check("athena", "parameters replace question marks")
def parameters(target: Target) -> None:
    queries, client = _Queries(target), target.client("athena")
    request = queries.request("select x from (values 1, 2) t(x) where x > ?")
    query = client.start_query_execution(**request, ExecutionParameters=["1"])["QueryExecutionId"]
    target.eventually(
        lambda: client.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]["State"],
        lambda state: state in FINAL,
    )
    rows = client.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
    equal([row["Data"][0].get("VarCharValue") for row in rows], ["x", "2"])


@check("athena", "the newest executions are listed first, and no more than asked for")
def listed(target: Target) -> None:
    queries = _Queries(target)
    ids = [queries.run(f"select {number}")["QueryExecutionId"] for number in (1, 2)]
    answer = target.client("athena").list_query_executions(MaxResults=1)
    equal((answer["QueryExecutionIds"], "NextToken" in answer), (ids[1:], True))
