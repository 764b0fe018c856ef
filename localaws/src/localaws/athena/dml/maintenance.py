"""OPTIMIZE and VACUUM of Iceberg tables: merge small files, and delete files that no snapshot needs.

The table properties and their defaults are those of Athena:
https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html
"""

from __future__ import annotations

import re
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from pyiceberg.table.snapshots import Operation, Summary
from pyiceberg.table.update.snapshot import _OverwriteFiles  # no public producer of `replace` snapshots
from sqlglot import exp

from localaws.athena.catalog import iceberg
from localaws.athena.clients import split_uri
from localaws.athena.ddl.names import split_name
from localaws.athena.dml.commits import Target, as_schema, commit
from localaws.athena.dml.writes import Writer
from localaws.athena.errors import AthenaError, MalformedQueryError
from localaws.athena.sql.parser.parsing import parse
from localaws.athena.trino_types import literal, quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb
    from pyiceberg.table import FileScanTask, Table

    from localaws.athena.catalog.glue_tables import GlueTables

_NAME = r"(?P<name>[\w.`\"-]+)"
_OPTIMIZE = re.compile(
    rf"OPTIMIZE\s+{_NAME}\s+REWRITE\s+DATA\s+USING\s+BIN_PACK(?:\s+WHERE\s+(?P<where>.*))?", re.IGNORECASE | re.DOTALL
)
_VACUUM = re.compile(rf"VACUUM\s+{_NAME}", re.IGNORECASE)
MEGABYTE = 1 << 20
DAY_SECONDS = 86_400


class Replacement(_OverwriteFiles):
    """Produces the snapshot of a rewrite, `replace`: other files, the same rows. Readers of changes skip it."""

    def _summary(self, snapshot_properties: dict[str, str] | None = None) -> Summary:
        overwrite = super()._summary(snapshot_properties or {})
        return Summary(operation=Operation.REPLACE, **overwrite.additional_properties)


class Maintenance:
    """Runs OPTIMIZE and VACUUM."""

    def __init__(self, tables: GlueTables, cursor: duckdb.DuckDBPyConnection, text: str, database: str) -> None:
        self.clients = tables.clients
        self.cursor = cursor
        self.text = text
        self.writer = Writer(tables, cursor, text, database)

    def optimize(self) -> None:
        """Rewrite files that are too small or too large, by partition, and files with many deleted rows.

        Raises MalformedQueryError, and AthenaError for a condition on anything but partition columns.
        """
        matched = _OPTIMIZE.fullmatch(self.text)
        if matched is None:
            raise MalformedQueryError(
                "line 1:10: mismatched input. Expecting: OPTIMIZE table REWRITE DATA USING BIN_PACK"
            )
        node = _table(matched["name"])
        target = self.writer.target(node)
        if target.table.current_snapshot() is None:
            return
        wanted = self._files_where(target, node, matched["where"])
        sizes = Sizes(target.table.properties)
        partitions: defaultdict[object, list[FileScanTask]] = defaultdict(list)
        for task in target.table.scan().plan_files():
            if wanted is None or task.file.file_path in wanted:
                partitions[task.file.spec_id, repr(task.file.partition)].append(task)
        touched = [file for tasks in partitions.values() for file in sizes.to_rewrite(tasks)]
        if touched:
            commit(target, as_schema(self._rows_of(target, touched), target.table), touched, Replacement)

    def _files_where(self, target: Target, node: exp.Table, where: str | None) -> set[str] | None:
        """Return the files that hold rows for which the condition is true; None without a condition."""
        if where is None:
            return None
        condition = parse(f"SELECT 1 FROM {node.sql('trino')} WHERE {where}").find(exp.Where)
        sources = {field.source_id for field in target.table.spec().fields}
        partitioned = {target.table.schema().find_column_name(source) for source in sources}
        used = {column.name.lower() for column in condition.find_all(exp.Column)} if condition is not None else set()
        if others := sorted(used - partitioned):
            raise AthenaError(
                "NOT_SUPPORTED", f"OPTIMIZE filters by partition columns only, not by {', '.join(others)}"
            )
        scan, scope = self.writer.scan(target, node)
        compiled = self.writer.compiler.condition(condition.this, scope, "WHERE clause").sql if condition else "true"
        found = self.cursor.execute(f"SELECT DISTINCT t.{iceberg.FILE} FROM {scan} WHERE {compiled}").fetchall()
        return {str(file) for (file,) in found}

    def _rows_of(self, target: Target, files: list[str]) -> Any:
        scan = target.metadata.source(row_addresses=True).sql
        names = ", ".join(f"t.{quote(name)}" for name, _ in target.columns)
        listed = ", ".join(map(literal, files))
        return self.cursor.execute(
            f"SELECT {names} FROM {scan} AS t WHERE t.{iceberg.FILE} IN ({listed})"
        ).to_arrow_table()

    def vacuum(self) -> None:
        """Expire old snapshots, then delete the files under the table's location that no other snapshot refers to.

        A file younger than `vacuum_max_snapshot_age_seconds` is never deleted: a writer may be about to commit it.
        Raises MalformedQueryError, and AthenaError when S3 does not delete a file.
        """
        matched = _VACUUM.fullmatch(self.text)
        if matched is None:
            raise MalformedQueryError("line 1:8: mismatched input. Expecting: VACUUM table")
        table = self.writer.target(_table(matched["name"])).table
        oldest_millis = int((time.time() - _number(table, "vacuum_max_snapshot_age_seconds", 5 * DAY_SECONDS)) * 1000)
        old = [
            snapshot.snapshot_id
            for snapshot in _oldest_first(table, but=_number(table, "vacuum_min_snapshots_to_keep", 1))
            if snapshot.timestamp_ms < oldest_millis
        ]
        if old:
            table.maintenance.expire_snapshots().by_ids(old).commit()
            table.refresh()
        self._delete_unreachable(table, oldest_millis)

    def _delete_unreachable(self, table: Table, before_millis: int) -> None:
        kept = set(reachable(table))
        bucket, prefix = split_uri(table.location().rstrip("/") + "/")
        pages = self.clients.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            unreachable: Any = [
                {"Key": item["Key"]}
                for item in page.get("Contents", [])
                if f"s3://{bucket}/{item['Key']}" not in kept
                and item["LastModified"].timestamp() * 1000 < before_millis
            ]
            if unreachable:
                self.clients.delete(bucket, unreachable)


class Sizes:
    """Selects the files to rewrite, by the properties of a table."""

    def __init__(self, properties: dict[str, str]) -> None:
        target = int(properties.get("write_target_data_file_size_bytes", 512 * MEGABYTE))
        self.min_bytes = int(properties.get("optimize_rewrite_min_data_file_size_bytes", target * 0.75))
        self.max_bytes = int(properties.get("optimize_rewrite_max_data_file_size_bytes", target * 1.8))
        self.min_data_files = int(properties.get("optimize_rewrite_data_file_threshold", 5))
        self.min_delete_files = int(properties.get("optimize_rewrite_delete_file_threshold", 2))

    def to_rewrite(self, tasks: list[FileScanTask]) -> list[str]:
        """Return those of one partition's files that are too small or too large, if there are enough of them, and those
        with enough delete files.
        """
        sized = [t for t in tasks if not self.min_bytes <= t.file.file_size_in_bytes <= self.max_bytes]
        deleted = [t for t in tasks if len(t.delete_files) >= self.min_delete_files]
        chosen = [*(sized if len(sized) >= self.min_data_files else []), *deleted]
        return sorted({task.file.file_path for task in chosen})


def reachable(table: Table) -> Iterator[str]:
    """Yield every file that the table's metadata refers to, and the metadata files themselves, older ones included."""
    metadata = table.metadata
    yield table.metadata_location
    yield from (entry.metadata_file for entry in metadata.metadata_log)
    yield from (statistics.statistics_path for statistics in metadata.statistics)
    seen: set[str] = set()
    for snapshot in metadata.snapshots:
        yield snapshot.manifest_list
        for manifest in snapshot.manifests(table.io):
            if manifest.manifest_path not in seen:
                seen.add(manifest.manifest_path)
                yield manifest.manifest_path
                yield from (
                    entry.data_file.file_path for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True)
                )


def _oldest_first(table: Table, *, but: int) -> list[Any]:
    """Return all snapshots but the newest `but`, without those of branches and tags."""
    line = sorted(table.snapshots(), key=lambda snapshot: snapshot.timestamp_ms)
    protected = {ref.snapshot_id for ref in table.metadata.refs.values()}
    return [snapshot for snapshot in line[: max(len(line) - but, 0)] if snapshot.snapshot_id not in protected]


def _number(table: Table, name: str, default: int) -> int:
    return int(table.properties.get(name, default))


def _table(name: str) -> exp.Table:
    database, table = split_name(name, "")
    return exp.table_(table, db=database or None, quoted=True)
