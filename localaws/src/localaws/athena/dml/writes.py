"""INSERT, UPDATE, DELETE and MERGE on Iceberg tables: DuckDB computes the rows, pyiceberg commits them in one snapshot.

Only the data files that hold changed rows are rewritten. A commit fails when the table has changed since the statement
read it; it is never retried on another snapshot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyiceberg.exceptions import NoSuchTableError
from sqlglot import exp

from localaws.athena.catalog import files, hive, iceberg
from localaws.athena.catalog.glue_tables import is_iceberg, is_view
from localaws.athena.clients import in_s3
from localaws.athena.dml import changed_rows, partition_limit
from localaws.athena.dml.commits import Target, commit
from localaws.athena.dml.insert_casts import can_insert, inserted
from localaws.athena.dml.merge_cases import MergeCase, action_sql, value_sql
from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql import relations, table_names
from localaws.athena.sql.compiler import Compiler
from localaws.athena.sql.scope import Field, Scope, Typed
from localaws.athena.trino_types import TrinoType, quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from localaws.athena.catalog.glue_tables import GlueTables


class Writer:
    """Runs the writing statements of one query."""

    def __init__(self, tables: GlueTables, cursor: duckdb.DuckDBPyConnection, text: str, database: str) -> None:
        self.tables = tables
        self.cursor = cursor
        self.compiler = Compiler(tables, text, database)
        self.files: list[str] | None = None  # those that INSERT wrote to a table of plain files

    def target(self, node: exp.Expr) -> Target:
        """Return the table to write. Raises AthenaError when it is missing, a view or not Iceberg."""
        if not isinstance(node, exp.Table):
            raise UnsupportedSqlError(f"Writing to {node.sql('trino')[:100]}")
        database, name = (node.db or self.compiler.environment.database).lower(), node.name.lower()
        qualified = f"{database}.{name}"
        entry = self.tables.entry(database, name)
        if entry is None:
            raise AthenaError("TABLE_NOT_FOUND", f"Table 'awsdatacatalog.{qualified}' does not exist")
        if not is_iceberg(entry):
            raise UnsupportedSqlError(f"Writing to {qualified}, which is not an Iceberg table,")
        location = entry["Parameters"].get("metadata_location")
        in_s3(location or "s3://none/")
        iceberg.load(self.tables.clients, qualified, location)  # fails with Athena's message if it is broken
        try:
            table = self.tables.clients.iceberg.load_table((database, name))
        except NoSuchTableError as error:
            raise AthenaError("TABLE_NOT_FOUND", f"Table 'awsdatacatalog.{qualified}' does not exist") from error
        return Target(qualified, table, iceberg.load(self.tables.clients, qualified, table.metadata_location))

    def insert(self, node: exp.Insert) -> int:
        """Run INSERT INTO t [(columns)] query. Returns the number of rows. Raises AthenaError."""
        _refuse(node, "this", "expression", "stored", "is_function")
        schema = node.this
        table = schema.this if isinstance(schema, exp.Schema) else schema
        plain = self._plain_files(table)
        target = None if plain else self.target(table)
        kinds = dict(target.columns) if target else dict(hive.columns_of(plain))
        names = [c.name.lower() for c in schema.expressions] if isinstance(schema, exp.Schema) else list(kinds)
        query = self.compiler.query(node.expression)
        found = [kind for _, kind in query.columns]
        if [n for n in names if n not in kinds] or len(set(names)) != len(names):
            raise AthenaError("COLUMN_NOT_FOUND", f"Insert column name does not exist in target table: {names}")
        if len(names) != len(found) or not all(
            can_insert(own, kinds[name]) for own, name in zip(found, names, strict=True)
        ):
            wanted = ", ".join(str(kinds[name]) for name in names)
            raise AthenaError(
                "TYPE_MISMATCH",
                f"Insert query has mismatched column types: Table: [{wanted}], Query: [{', '.join(map(str, found))}]",
            )
        cells = {
            name: inserted(Typed(f"c{i}", own), kinds[name]).sql
            for i, (name, own) in enumerate(zip(names, found, strict=True))
        }
        listed = ", ".join(  # columns that the statement does not name are NULL
            f"{cells.get(name, f'CAST(NULL AS {kind.duckdb})')} AS {quote(name)}" for name, kind in kinds.items()
        )
        if target is None:
            return self._append_files(plain, kinds, f"SELECT {listed} FROM ({query.sql})")
        rows = changed_rows.rows(self.cursor, target, f"SELECT {listed} FROM ({query.sql})")
        if rows.num_rows:
            partition_limit.check(rows, target.table.schema(), target.table.spec())
            commit(target, appended=rows, touched=())
        return int(rows.num_rows)

    def _plain_files(self, node: exp.Expr) -> dict[str, Any]:
        """Return the Glue table if it is one of plain files; empty for anything else."""
        if not isinstance(node, exp.Table):
            return {}
        entry = self.tables.entry((node.db or self.compiler.environment.database).lower(), node.name.lower())
        return entry if entry is not None and not is_iceberg(entry) and not is_view(entry) else {}

    def _append_files(self, entry: dict[str, Any], kinds: dict[str, TrinoType], query: str) -> int:
        keys = [key["Name"].lower() for key in entry.get("PartitionKeys") or []]
        form = hive.file_format(entry)
        destination = files.Destination(entry["StorageDescriptor"]["Location"], form, keys)
        written = files.write(self.cursor, query, list(kinds.items()), destination)
        files.register(self.tables.clients, entry, written)
        self.files = written.files
        return written.rows

    def delete(self, node: exp.Delete) -> int:
        """Run DELETE FROM t [WHERE …]. Returns the number of rows. Raises AthenaError."""
        _refuse(node, "this", "where")
        target = self.target(node.this)
        scan, scope = self.scan(target, node.this)
        condition = self._where(node, scope)
        return changed_rows.rewrite(
            self.cursor,
            target,
            f"SELECT t.{iceberg.FILE} AS __file, t.{iceberg.ROW_NUMBER} AS __position FROM {scan}{condition}",
            None,
        )

    def update(self, node: exp.Update) -> int:
        """Run UPDATE t SET … [WHERE …]. Returns the number of rows. Raises AthenaError."""
        _refuse(node, "this", "expressions", "where")
        target = self.target(node.this)
        scan, scope = self.scan(target, node.this)
        new = self._assigned(target, node.expressions, scope)
        cells = self._cells(target, lambda name: new.get(name, f"t.{quote(name)}"))
        address = f"t.{iceberg.FILE} AS __file, t.{iceberg.ROW_NUMBER} AS __position"
        sql = f"SELECT {address}, {cells} FROM {scan}{self._where(node, scope)}"
        return changed_rows.rewrite(self.cursor, target, sql, "true")

    def merge(self, node: exp.Merge) -> int:
        """Run MERGE INTO t USING s ON … WHEN …. Returns the number of rows inserted, updated and deleted."""
        _refuse(node, "this", "using", "on", "whens")
        target = self.target(node.this)
        scan, scope = self.scan(target, node.this)
        sql, fields = relations.source_of_merge(self.compiler, node.args["using"])
        both, source = Scope([*scope.fields, *fields]), Scope(fields)
        condition = self.compiler.condition(node.args["on"], both, "MERGE ON clause")
        cases = [self._case(target, when, both, source) for when in node.args["whens"].expressions]
        if not cases:
            raise AthenaError("SYNTAX_ERROR", "MERGE needs a WHEN clause")
        action = action_sql(cases)
        cells = self._cells(target, lambda name: value_sql(cases, name))
        joined = (
            f"SELECT t.{iceberg.FILE} AS __file, t.{iceberg.ROW_NUMBER} AS __position, {action} AS __action, {cells} "
            f"FROM {sql} LEFT JOIN {scan} ON {condition.sql}"
        )
        return changed_rows.rewrite(
            self.cursor, target, f"SELECT * FROM ({joined}) WHERE __action IS NOT NULL", "__action <> 'delete'"
        )

    def _case(self, target: Target, when: exp.When, both: Scope, source: Scope) -> MergeCase:
        _refuse(when, "matched", "condition", "then")
        matched, then = bool(when.args["matched"]), when.args["then"]
        scope = both if matched else source
        guard = f"t.{iceberg.FILE} IS {'NOT ' if matched else ''}NULL"
        if when.args.get("condition") is not None:
            guard += f" AND {self.compiler.condition(when.args['condition'], scope, 'MERGE WHEN clause').sql}"
        if matched and isinstance(then, exp.Update):
            new = self._assigned(target, then.expressions, scope)
            return MergeCase("update", guard, {n: new.get(n, f"t.{quote(n)}") for n, _ in target.columns})
        if matched and isinstance(then, exp.Var) and then.name.upper() == "DELETE":
            return MergeCase("delete", guard, {})
        if not matched and isinstance(then, exp.Insert) and isinstance(then.expression, exp.Tuple):
            listed = then.this.expressions if then.this is not None else [exp.column(n) for n, _ in target.columns]
            if len(listed) != len(then.expression.expressions):
                raise AthenaError("MISMATCHED_COLUMN_ALIASES", "MERGE INSERT has other numbers of columns and values")
            pairs = [exp.EQ(this=c, expression=v) for c, v in zip(listed, then.expression.expressions, strict=True)]
            return MergeCase("insert", guard, self._assigned(target, pairs, scope))
        raise UnsupportedSqlError(f"MERGE … {when.sql('trino')[:100]}")

    def scan(self, target: Target, node: exp.Table) -> tuple[str, Scope]:
        """Return SQL that reads the table as `t`, with each row's file and position, and the scope of its columns."""
        if taken := {iceberg.FILE, iceberg.ROW_NUMBER} & {column.lower() for column, _ in target.columns}:
            # The reader's columns have these names: the statement would change other rows.
            raise UnsupportedSqlError(f"Changing rows of {target.name}, which has a column {taken.pop()},")
        source = target.metadata.source(row_addresses=True)
        alias = node.args.get("alias")
        database, name = target.name.split(".")
        qualifier = (alias.name.lower(),) if alias is not None else (table_names.CATALOG, database, name)
        fields = [Field(qualifier, column, Typed(f"t.{quote(column)}", kind)) for column, kind in source.columns]
        return f"{source.sql} AS t", Scope(fields)

    def _where(self, node: exp.Expr, scope: Scope) -> str:
        where = node.args.get("where")
        return f" WHERE {self.compiler.condition(where.this, scope, 'WHERE clause').sql}" if where is not None else ""

    def _assigned(self, target: Target, pairs: Sequence[exp.Expr], scope: Scope) -> dict[str, str]:
        kinds, new = dict(target.columns), {}
        for pair in pairs:
            name = pair.this.name.lower()
            if not isinstance(pair, exp.EQ) or name not in kinds:
                raise AthenaError("COLUMN_NOT_FOUND", f"Column '{name}' does not exist in table {target.name}")
            if name in new:
                raise AthenaError("SYNTAX_ERROR", f"Column '{name}' is assigned twice")
            value = self.compiler.expression(pair.expression, scope)
            if not can_insert(value.type, kinds[name]):
                raise AthenaError("TYPE_MISMATCH", f"Column {name}: expected {kinds[name]}, found {value.type}")
            new[name] = inserted(value, kinds[name]).sql
        return new

    def _cells(self, target: Target, value_of: Any) -> str:
        return ", ".join(f"CAST({value_of(name)} AS {kind.duckdb}) AS {quote(name)}" for name, kind in target.columns)


def _refuse(node: exp.Expr, *known: str) -> None:
    for name, value in node.args.items():
        if value and name not in known:
            raise UnsupportedSqlError(f"{type(node).__name__.upper()} with {name.strip('_').upper()}")
