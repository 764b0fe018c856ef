"""A bucket and a database for one test of Athena, and helpers for its queries."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

from pyiceberg.catalog.glue import GlueCatalog

if TYPE_CHECKING:
    from localaws.testing.server import LocalAws

FINAL = {"SUCCEEDED", "FAILED", "CANCELLED"}


class Lake:
    """A bucket and a database for one test, and Athena queries of them."""

    def __init__(self, aws: LocalAws, name: str) -> None:
        self.aws, self.bucket, self.database = aws, name, name
        self.athena: Any = aws.client("athena")
        self.s3: Any = aws.client("s3")
        self.glue: Any = aws.client("glue")
        self.s3.create_bucket(Bucket=name)
        self.glue.create_database(DatabaseInput={"Name": name, "LocationUri": f"s3://{name}/"})

    def start(self, sql: str, *parameters: str, **request: Any) -> str:
        """Start a statement; return the id of its execution."""
        started = self.athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": self.database},
            **({"ExecutionParameters": list(parameters)} if parameters else {}),
            **{"ResultConfiguration": {"OutputLocation": f"s3://{self.bucket}/results/"}, **request},
        )
        return str(started["QueryExecutionId"])

    def execution(self, query_id: str) -> dict[str, Any]:
        """Return an execution from GetQueryExecution."""
        found: dict[str, Any] = self.athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
        return found

    def ended(self, query_id: str) -> dict[str, Any]:
        """Wait until an execution has ended, in any state, and return it. Fails the test after 60 s."""
        deadline = time.monotonic() + 60
        while (found := self.execution(query_id))["Status"]["State"] not in FINAL:
            assert time.monotonic() < deadline, "the query did not end in 60 s"
            time.sleep(0.02)
        return found

    def run(self, sql: str, *parameters: str, **request: Any) -> dict[str, Any]:
        """Run a statement and return its execution. Fails the test when the statement fails."""
        ended = self.ended(self.start(sql, *parameters, **request))
        assert ended["Status"]["State"] == "SUCCEEDED", ended["Status"]["StateChangeReason"]
        return ended

    def failure(self, sql: str, *parameters: str, **request: Any) -> str:
        """Run a statement and return its StateChangeReason. Fails the test when the statement succeeds."""
        ended = self.ended(self.start(sql, *parameters, **request))
        assert ended["Status"]["State"] == "FAILED"
        return str(ended["Status"]["StateChangeReason"])

    def results(self, sql: str, *parameters: str) -> dict[str, Any]:
        """Run a statement; return the first page of its results."""
        query_id = self.run(sql, *parameters)["QueryExecutionId"]
        page: dict[str, Any] = self.athena.get_query_results(QueryExecutionId=query_id)
        return page

    def rows(self, sql: str, *parameters: str) -> list[tuple[str | None, ...]]:
        """Run a statement; return its rows as text, without the header of a query."""
        answer = self.results(sql, *parameters)
        lines = [tuple(cell.get("VarCharValue") for cell in row["Data"]) for row in answer["ResultSet"]["Rows"]]
        return lines[1:] if sql.lstrip().lower().startswith(("select", "with", "values", "execute")) else lines

    def put(self, key: str, text: str | bytes) -> None:
        """Write an object to the bucket."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode() if isinstance(text, str) else text)

    def create(self, table: str, columns: str, partitioned: str = "", **properties: str) -> None:
        """Create an Iceberg table."""
        parts = f" PARTITIONED BY ({partitioned})" if partitioned else ""
        extra = "".join(f", '{k}'='{v}'" for k, v in properties.items())
        self.run(
            f"CREATE TABLE {table} ({columns}){parts} LOCATION 's3://{self.bucket}/{table}' "
            f"TBLPROPERTIES ('table_type'='ICEBERG'{extra})"
        )

    def result_text(self, sql: str) -> str:
        """Run a statement; return its result object as text."""
        location = self.run(sql)["ResultConfiguration"]["OutputLocation"]
        bucket, _, key = location.removeprefix("s3://").partition("/")
        content: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return content.decode()

    def iceberg(self) -> GlueCatalog:
        """Return a pyiceberg catalog of the tables, for changes that SQL does not have."""
        environment = self.aws.env
        return GlueCatalog(
            "glue",
            **{
                "glue.endpoint": self.aws.endpoint,
                "s3.endpoint": self.aws.endpoint,
                "client.region": environment["AWS_REGION"],
                "client.access-key-id": environment["AWS_ACCESS_KEY_ID"],
                "client.secret-access-key": environment["AWS_SECRET_ACCESS_KEY"],
            },
        )

    def replace_view(self, entry: dict[str, Any], document: dict[str, Any]) -> None:
        """Give a view another definition in Glue, without Athena."""
        encoded = base64.b64encode(json.dumps(document).encode()).decode()
        self.glue.update_table(
            DatabaseName=self.database,
            TableInput={
                "Name": entry["Name"],
                "TableType": "VIRTUAL_VIEW",
                "ViewOriginalText": f"/* Presto View: {encoded} */",
                "StorageDescriptor": entry["StorageDescriptor"],
            },
        )
