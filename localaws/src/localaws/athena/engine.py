"""Runs one Athena statement and returns its outcome. Depends on Glue, S3 and DuckDB, not on MiniStack."""

from __future__ import annotations

import json
import re
import tempfile
import threading
import time
import uuid
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from botocore.exceptions import ClientError
from sqlglot import exp

from localaws.athena import duck, results
from localaws.athena.catalog.glue_tables import GlueTables
from localaws.athena.ddl import show
from localaws.athena.ddl.names import split_name
from localaws.athena.duckdb_errors import translated
from localaws.athena.errors import AthenaError, MalformedQueryError, QueryCancelledError, UnsupportedSqlError
from localaws.athena.hive_types import hive_columns
from localaws.athena.scans import files_of, scans
from localaws.athena.sql.compiler import Compiler
from localaws.athena.sql.output_columns import check_types
from localaws.athena.sql.parser import parsing
from localaws.athena.statements import Outcome, Running, Statement
from localaws.athena.trino_types import TrinoType, literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from localaws.athena.clients import Clients

_READS = frozenset({"SELECT", "WITH", "VALUES", "TABLE"})
_WRITES = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE"})
_DEFINES = frozenset({"CREATE", "DROP", "ALTER"})
_SHOWS = frozenset({"SHOW", "DESCRIBE", "DESC"})
_MAINTENANCE = frozenset({"OPTIMIZE", "VACUUM"})
_TEXT_SCANS = frozenset({"READ_JSON", "READ_CSV"})
# Statements of Trino that Athena or this engine does not have.
_OF_TRINO = frozenset({
    "ANALYZE", "CALL", "COMMENT", "COMMIT", "DENY", "GRANT", "REFRESH", "RESET", "REVOKE", "ROLLBACK", "SET", "START",
    "TRUNCATE", "USE",
})  # fmt: skip
_TAKES_PARAMETERS = _READS | _WRITES | {"UNLOAD", "EXPLAIN", "CREATE"}
_MSCK = re.compile(r"MSCK\s+REPAIR\s+(?:TABLE\s+)?(?P<name>[\w.`\"-]+)", re.IGNORECASE)
_EXPLAIN = re.compile(
    r"EXPLAIN\s+(?P<analyze>ANALYZE\s+)?(?:\((?P<options>[^)]*)\)\s*)?(?P<query>.*)", re.IGNORECASE | re.DOTALL
)
_UNLOAD = re.compile(
    r"UNLOAD\s*(?P<query>\(.*\))\s*TO\s*'(?P<to>[^']+)'\s*WITH\s*\((?P<with>.*)\)", re.IGNORECASE | re.DOTALL
)


class Engine:
    """Runs statements, any number at once. Keeps one DuckDB instance, and no data about tables between queries.

    `external_table` runs CREATE EXTERNAL TABLE from its SQL and the current database.
    """

    def __init__(self, clients: Clients, external_table: Callable[[str, str], None] | None = None) -> None:
        self.clients = clients
        self._external_table = external_table or _no_external_tables
        self._opening = threading.Lock()

    def run(self, statement: Statement, running: Running | None = None) -> Outcome:
        """Run one statement and return its outcome; `running` can cancel it from another thread.

        Raises AthenaError when Athena would fail the query, QueryCancelledError when it was cancelled.
        """
        with self._opening:
            cursor = duck.session(self.clients.duckdb)
        running = running or Running()
        try:
            running.started(cursor)
            return _Run(self, cursor, statement).outcome(self._external_table)
        except duckdb.Error as error:
            if running.cancelled:
                raise QueryCancelledError from error
            raise translated(error) from error
        except ClientError as error:
            raise AthenaError("HIVE_METASTORE_ERROR", str(error)) from error
        finally:
            cursor.close()


class _Run:
    def __init__(self, engine: Engine, cursor: duckdb.DuckDBPyConnection, statement: Statement) -> None:
        self.cursor = cursor
        self.statement = statement
        self.sql = parsing.bare(statement.text)
        self.tables = GlueTables(engine.clients, cursor)
        self.scanned = 0

    def outcome(self, external_table: Callable[[str, str], None]) -> Outcome:
        """Run the statement by its first word. Raises UnsupportedSqlError for an unknown one."""
        verb = parsing.first_word(self.sql)
        known: dict[str, Callable[[], Outcome]] = {
            **dict.fromkeys(_READS, self._read),
            **dict.fromkeys(_WRITES, partial(self._write, verb)),
            "UNLOAD": self._unload,
            "EXPLAIN": self._explain,
            **dict.fromkeys(_DEFINES, partial(self._define, external_table)),
            **dict.fromkeys(_MAINTENANCE, partial(self._maintain, verb)),
            "MSCK": self._repair,
            **dict.fromkeys(_SHOWS, self._show),
        }
        if self.statement.parameters and verb not in _TAKES_PARAMETERS:
            raise AthenaError("INVALID_PARAMETER_USAGE", f"{verb} takes no execution parameters")
        if verb in _OF_TRINO:
            raise UnsupportedSqlError(f"Statement {verb}")
        if verb not in known:
            word = re.match(r"\S*", self.sql)
            raise MalformedQueryError(
                f"line 1:1: mismatched input '{word[0] if word else ''}'. Expecting: {', '.join(sorted(known))}"
            )
        return known[verb]()

    def _show(self) -> Outcome:
        columns, rows = show.run(self.tables, self.sql, self.statement.database)
        return Outcome(columns, "\n".join("\t".join(row) for row in rows).encode())

    def _parsed(self) -> exp.Expr:
        return parsing.bind(parsing.parse(self.sql), list(self.statement.parameters))

    def _compiler(self) -> Compiler:
        return Compiler(self.tables, self.sql, self.statement.database)

    def _read(self) -> Outcome:
        started = time.monotonic()
        relation = self._compiler().query(self._parsed())
        planning = time.monotonic() - started
        with tempfile.TemporaryDirectory(dir=self.tables.clients.scratch) as folder:
            file = Path(folder) / "rows.csv"
            rows = results.rendered(relation.sql, relation.columns)
            self.cursor.execute(
                f"COPY ({rows}) TO {literal(str(file))} (FORMAT csv, HEADER false, FORCE_QUOTE *, NULLSTR '')"
            )
            # At once: the next statement on the cursor replaces the profile.
            scanned, opened = self._scanned(), files_of(self._profile())
            header = results.csv_line(name for name, _ in relation.columns).encode()
            body = header + file.read_bytes()
            return Outcome(
                list(relation.columns), body, scanned_bytes=scanned, files_read=opened, planning_seconds=planning
            )

    def _write(self, verb: str) -> Outcome:
        from localaws.athena.dml.writes import Writer  # noqa: PLC0415 -- brings pyiceberg, seconds to import

        tree = self._parsed()
        writer = Writer(self.tables, self.cursor, self.sql, self.statement.database)
        match tree:
            case exp.Insert():
                count = writer.insert(tree)
            case exp.Update():
                count = writer.update(tree)
            case exp.Delete():
                count = writer.delete(tree)
            case exp.Merge():
                count = writer.merge(tree)
            case _:
                raise UnsupportedSqlError(f"Statement {verb}")
        return self._written(count, writer.files)

    def _written(self, count: int | None, files: list[str] | None = None) -> Outcome:
        columns = [("rows", TrinoType("bigint"))] if count is not None else []
        return Outcome(columns, b"", row_count=count, files=files)

    def _define(self, external_table: Callable[[str, str], None]) -> Outcome:
        from localaws.athena.ddl.definitions import Definer  # noqa: PLC0415 -- brings pyiceberg, seconds to import

        location = f"{self.statement.result_location.rstrip('/')}/tables/{uuid.uuid4()}"
        definer = Definer(self.tables, self.cursor, self.statement, location)
        return self._written(*definer.run(external_table))

    def _maintain(self, verb: str) -> Outcome:
        from localaws.athena.dml.maintenance import Maintenance  # noqa: PLC0415 -- brings pyiceberg, seconds to import

        maintenance = Maintenance(self.tables, self.cursor, self.sql, self.statement.database)
        maintenance.optimize() if verb == "OPTIMIZE" else maintenance.vacuum()
        return self._written(None)

    def _repair(self) -> Outcome:
        from localaws.athena.ddl.alter import Alterer  # noqa: PLC0415 -- brings pyiceberg, seconds to import

        matched = _MSCK.fullmatch(self.sql)
        if matched is None:
            raise MalformedQueryError("line 1:6: mismatched input. Expecting: MSCK REPAIR TABLE table")
        database, table = split_name(matched["name"], self.statement.database)
        return Outcome([], "\n".join(Alterer(self.tables, database, table).repair()).encode())

    def _explain(self) -> Outcome:
        """Return DuckDB's plan, whose operators differ from Trino's; or, with TYPE VALIDATE, true for a valid query."""
        matched = _EXPLAIN.fullmatch(self.sql)
        options = (matched["options"] or "").upper().split() if matched else []
        if matched is None or matched["analyze"] or options not in ([], ["FORMAT", "TEXT"], ["TYPE", "VALIDATE"]):
            raise UnsupportedSqlError("EXPLAIN other than of a plan as text, or TYPE VALIDATE,")
        tree = parsing.bind(parsing.parse(matched["query"]), list(self.statement.parameters))
        relation = Compiler(self.tables, matched["query"], self.statement.database).query(tree)
        if "VALIDATE" in options:
            return Outcome([("Valid", TrinoType("boolean"))], b"true")
        plan = self.cursor.execute(f"EXPLAIN {relation.sql}").fetchall()[0][1]
        # Athena's first row is the name of the column.
        return Outcome([("Query Plan", TrinoType("varchar"))], f"Query Plan\n{plan}".rstrip().encode())

    def _unload(self) -> Outcome:
        from localaws.athena.catalog import files  # noqa: PLC0415 -- rarely needed
        from localaws.athena.ddl.create_as import file_format  # noqa: PLC0415 -- brings pyiceberg, seconds to import

        matched = _UNLOAD.fullmatch(self.sql)
        if matched is None:
            raise MalformedQueryError("line 1:1: mismatched input 'UNLOAD'. Expecting: UNLOAD (query) TO '…' WITH (…)")
        options: dict[str, Any] = {k.lower(): v for k, v in re.findall(r"(\w+)\s*=\s*'([^']*)'", matched["with"])}
        listed = re.search(r"partitioned_by\s*=\s*ARRAY\s*\[([^]]*)\]", matched["with"], re.IGNORECASE)
        keys = [key.lower() for key in re.findall(r"'([^']*)'", listed[1])] if listed else []
        form = file_format(options, default="")
        if options:
            raise UnsupportedSqlError(f"UNLOAD with {', '.join(options)}")
        target = matched["to"].rstrip("/")
        if self.tables.clients.list(target):
            raise AthenaError("HIVE_PATH_ALREADY_EXISTS", f"Target directory for unload already exists: {target}")
        tree = parsing.bind(parsing.parse(matched["query"]), list(self.statement.parameters))
        relation = self._compiler().query(tree)
        check_types(relation.columns)
        columns = [(name.lower(), kind) for name, kind in relation.columns]
        hive_columns(columns)  # refuses types that files of Hive cannot hold
        cells = ", ".join(f"c{i} AS {_quoted(name)}" for i, (name, _) in enumerate(columns))
        destination = files.Destination(target, form, keys)
        written = files.write(self.cursor, f"SELECT {cells} FROM ({relation.sql})", columns, destination)
        self._scanned()
        return self._written(written.rows, written.files)

    def _scanned(self) -> int:
        """Return the bytes that the last statement read. Raises AthenaError when they exceed the workgroup's limit."""
        profile = self._profile()
        scanned = self._bytes_read(profile)
        limit = self.statement.scan_limit_bytes
        if limit is not None and scanned > limit:
            raise AthenaError(
                "CANCELLED", f"Query exhausted resources: Bytes scanned limit was exceeded ({limit} bytes)"
            )
        return scanned

    def _bytes_read(self, profile: dict[str, Any]) -> int:
        """Return the bytes of a query's scans. DuckDB does not count JSON reliably, and counts parts of CSV twice."""
        found = list(scans(profile))
        texts = sum(self.tables.bytes_of(files) for kind, files in found if kind in _TEXT_SCANS)
        if found and all(kind in _TEXT_SCANS for kind, _ in found):
            return texts
        json_texts = sum(self.tables.bytes_of(files) for kind, files in found if kind == "READ_JSON")
        return int(profile.get("total_bytes_read", 0)) + json_texts

    def _profile(self) -> dict[str, Any]:
        profile: Any = self.cursor.get_profiling_information()
        found: dict[str, Any] = json.loads(profile) if isinstance(profile, str) else profile
        return found


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _no_external_tables(sql: str, database: str) -> None:
    raise UnsupportedSqlError(f"CREATE EXTERNAL TABLE ({sql[:40]}… in {database})")
