"""A bucket and a database for one test of Athena, and short ways to ask it."""

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
    """A bucket and a database of the test's own, with Athena over them."""

    def __init__(self, aws: LocalAws, name: str) -> None:
        self.aws, self.bucket, self.database = aws, name, name
        self.athena: Any = aws.client("athena")
        self.s3: Any = aws.client("s3")
        self.glue: Any = aws.client("glue")
        self.s3.create_bucket(Bucket=name)
        self.glue.create_database(DatabaseInput={"Name": name, "LocationUri": f"s3://{name}/"})

    def start(self, sql: str, *parameters: str, **request: Any) -> str:
        """Start a statement; return its execution's id."""
        started = self.athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": self.database},
            **({"ExecutionParameters": list(parameters)} if parameters else {}),
            **{"ResultConfiguration": {"OutputLocation": f"s3://{self.bucket}/results/"}, **request},
        )
        return str(started["QueryExecutionId"])

    def execution(self, query_id: str) -> dict[str, Any]:
        """Return what the API says of an execution."""
        found: dict[str, Any] = self.athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
        return found

    def ended(self, query_id: str) -> dict[str, Any]:
        """Return the execution once it has ended, however it ended."""
        deadline = time.monotonic() + 60
        while (found := self.execution(query_id))["Status"]["State"] not in FINAL:
            assert time.monotonic() < deadline, "the query never ended"
            time.sleep(0.02)
        return found

    def run(self, sql: str, *parameters: str, **request: Any) -> dict[str, Any]:
        """Run a statement that must succeed; return its execution."""
        ended = self.ended(self.start(sql, *parameters, **request))
        assert ended["Status"]["State"] == "SUCCEEDED", ended["Status"]["StateChangeReason"]
        return ended

    def failure(self, sql: str, *parameters: str, **request: Any) -> str:
        """Run a statement that must fail; return the reason the API gives."""
        ended = self.ended(self.start(sql, *parameters, **request))
        assert ended["Status"]["State"] == "FAILED"
        return str(ended["Status"]["StateChangeReason"])

    def results(self, sql: str, *parameters: str) -> dict[str, Any]:
        """Run a statement; return the first page of its results."""
        query_id = self.run(sql, *parameters)["QueryExecutionId"]
        page: dict[str, Any] = self.athena.get_query_results(QueryExecutionId=query_id)
        return page

    def rows(self, sql: str, *parameters: str) -> list[tuple[str | None, ...]]:
        """Run a statement; return its rows as texts, without the header that queries have."""
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
        """The result object of a statement, as it lies in S3."""
        location = self.run(sql)["ResultConfiguration"]["OutputLocation"]
        bucket, _, key = location.removeprefix("s3://").partition("/")
        content: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return content.decode()

    def iceberg(self) -> GlueCatalog:
        """The catalog, for what SQL cannot do."""
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
        """Give a view another definition behind Athena's back."""
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
