"""What an assistant is answered: every function reads, and none changes anything."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from cartlake import contracts
from cartlake.queries.named_queries import NamedQuery
from cartlake_cli.agents.estimate import Estimate, estimate
from cartlake_cli.agents.guard import Readable, RefusedSqlError, readable, tables_read
from cartlake_cli.athena.client import athena_of
from cartlake_cli.errors import NotFoundError
from cartlake_cli.named_tables import named_table, placement
from cartlake_cli.operations.catalog import expected_views

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cartlake.contracts import Column, Contract, Table
    from cartlake_cli.context import Lake

MOST_ROWS: Final = 1000
"""Athena's page of results: more is not fetched for an assistant."""


@dataclass
class Answers:
    """Answers of one lake. `most_bytes` is what one query may scan at most, before Athena is asked."""

    lake: Lake
    most_bytes: int

    @cached_property
    def known(self) -> Readable:
        """Return what there is to read."""
        return readable(contracts.load_all(), expected_views(self.lake))

    def tables(self) -> list[dict[str, Any]]:
        """Return every table: `name` with its database, what a row of it is, and what it is for."""
        return [
            {"name": table.physical_name, "grain": table.grain, "purpose": table.description or contract.purpose}
            for contract in contracts.load_all()
            for table in contract.tables
        ]

    def table(self, name: str) -> dict[str, Any]:
        """Return what a contract says of a table: columns, key, rules, what it is built from and what is built from it.

        Raises NotFoundError naming all tables.
        """
        contract, table = named_table(name)
        return _described(contract, table) | {
            "used_by": sorted(
                other.physical_name
                for each in contracts.load_all()
                for other in each.tables
                if table.physical_name in _upstreams(other)
            )
        }

    def queries(self) -> list[dict[str, Any]]:
        """Return the named queries: what each answers, its parameters, and whether it may be run here."""
        found = (NamedQuery.read(name, sql) for name, sql in sorted(athena_of(self.lake).named_queries().items()))
        return [self._described(query) for query in found]

    def run_named_query(self, name: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """Run a named query with parameters by name, and return its rows.

        Raises NotFoundError, ParameterError for a value that does not fit, RefusedSqlError for one that reads personal
        data or too much.
        """
        found = athena_of(self.lake).named_queries()
        if name not in found:
            raise NotFoundError(f"There is no named query {name!r}. There are: {', '.join(sorted(found))}.")
        literals = NamedQuery.read(name, found[name]).literals(parameters, datetime.now(UTC).date())
        return self._run(found[name], literals)

    def check_sql(self, sql: str) -> dict[str, Any]:
        """Say what SQL would read, and what that costs at most, without running it.

        Raises RefusedSqlError for what may not be run.
        """
        read = tables_read(sql, self.known)
        cost = self._estimate(read)
        return {
            "tables": sorted(read),
            **asdict(cost),
            "limit_bytes": self.most_bytes,
            "may_run": cost.most_bytes <= self.most_bytes,
        }

    def run_sql(self, sql: str) -> dict[str, Any]:
        """Run one SELECT and return its rows. Raises RefusedSqlError for what may not be run or reads too much."""
        return self._run(sql, [])

    def _run(self, sql: str, literals: list[str]) -> dict[str, Any]:
        cost = self._estimate(tables_read(sql, self.known))
        if cost.most_bytes > self.most_bytes:
            raise RefusedSqlError(
                f"The query may scan {cost.most_bytes:,} bytes (${cost.most_usd}), more than the limit of "
                f"{self.most_bytes:,}. Ask a smaller table, such as a mart, or have the limit raised (--max-mb)."
            )
        result = athena_of(self.lake).run(sql, literals)
        return {
            "columns": [{"name": name, "type": kind} for name, kind in result.columns],
            "rows": result.rows[:MOST_ROWS],
            "rows_in_all": len(result.rows),
            "scanned_bytes": result.scanned_bytes,
            "query_execution_id": result.query_execution_id,
        }

    def _estimate(self, tables: frozenset[str]) -> Estimate:
        where = placement(self.lake)
        own = {table.physical_name: table for contract in contracts.load_all() for table in contract.tables}
        self.lake.connect()
        return estimate(where.identifier(own[name]) for name in {one.partition("$")[0] for one in tables} & own.keys())

    def _described(self, query: NamedQuery) -> dict[str, Any]:
        try:
            tables_read(query.sql, self.known)
            refused = None
        except RefusedSqlError as error:
            refused = str(error)
        parameters = [{"name": one.name, "type": one.kind, "default": one.default} for one in query.parameters]
        return {
            "name": query.name,
            "answers": query.about,
            "grain": query.grain,
            "parameters": parameters,
            "refused": refused,
        }


def _described(contract: Contract, table: Table) -> dict[str, Any]:
    return {
        "name": table.physical_name,
        "grain": table.grain,
        "purpose": contract.purpose,
        "limitations": contract.limitations or None,
        "contract_version": contract.version,
        "primary_key": list(table.primary_key),
        "fresh_within_hours": table.promised_hours,
        "columns": [_column(column) for column in table.columns],
        "rules": [{"name": rule.name, "severity": rule.severity, "holds": rule.condition} for rule in table.row_rules],
        "built_from": _upstreams(table),
    }


def _column(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.type,
        "about": column.description,
        "personal_data": column.pii,
        "may_be_null": not column.required,
    }


def _upstreams(table: Table) -> list[str]:
    return sorted({upstream.table for upstream in table.build.upstreams}) if table.build else []
