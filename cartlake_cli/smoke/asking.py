"""Asks Athena, and remembers what was asked, so that it can be priced and its results be removed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from cartlake.aws.objects import InvalidUriError, S3Uri
from cartlake.queries.named_queries import NamedQuery
from cartlake_cli.athena.client import athena_of
from cartlake_cli.costs.reckoning import Query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cartlake_cli.athena.client import QueryResult
    from cartlake_cli.context import Lake

_IDS: Final = 50
"""Query executions that Athena describes in one call."""


@dataclass(slots=True)
class Asking:
    """Queries of one smoke test."""

    lake: Lake
    ids: list[str] = field(default_factory=list)

    def rows(self, sql: str, parameters: Sequence[str] = ()) -> list[list[str | None]]:
        """Return the rows of a statement. Raises QueryError with Athena's message."""
        return self._run(sql, parameters).rows

    def number(self, sql: str) -> int:
        """Return the only value of a statement as a number."""
        return int(self.rows(sql)[0][0] or 0)

    def named(self, name: str, sql: str) -> int:
        """Run a named query with its defaults; returns how many rows it has. Raises QueryError or ParameterError."""
        literals = NamedQuery.read(name, sql).literals({}, datetime.now(UTC).date())
        return len(self._run(sql, literals).rows)

    def named_queries(self) -> dict[str, str]:
        """Return the SQL of every named query, by its name."""
        return athena_of(self.lake).named_queries()

    def queries(self) -> list[Query]:
        """Return what was asked, as Athena has it on record."""
        return [
            Query(
                name="smoke",
                state=one["Status"]["State"],
                statement_type=one.get("StatementType", "DML"),
                scanned_bytes=int(one.get("Statistics", {}).get("DataScannedInBytes", 0)),
            )
            for one in self._executions()
        ]

    def remove_results(self) -> int:
        """Delete the result objects of all queries; returns how many queries had some."""
        s3, removed = self.lake.client("s3"), 0
        for one in self._executions():
            try:
                place = S3Uri.parse(one.get("ResultConfiguration", {}).get("OutputLocation", ""))
            except InvalidUriError:
                continue
            for key in (place.key, f"{place.key}.metadata"):
                s3.delete_object(Bucket=place.bucket, Key=key)
            removed += 1
        return removed

    def _run(self, sql: str, parameters: Sequence[str]) -> QueryResult:
        result = athena_of(self.lake).run(sql, parameters)
        self.ids.append(result.query_execution_id)
        return result

    def _executions(self) -> list[Any]:
        client, found = self.lake.client("athena"), []
        for start in range(0, len(self.ids), _IDS):
            answer = client.batch_get_query_execution(QueryExecutionIds=self.ids[start : start + _IDS])
            found += answer["QueryExecutions"]
        return found
