"""Writes the files of an export and counts their rows; deletes them again if the count differs from the table's."""

from dataclasses import dataclass
from datetime import UTC
from typing import Any

from cartlake.aws.clients import client
from cartlake.aws.objects import InvalidUriError, S3Uri
from cartlake.aws.s3 import ObjectMissingError, copy_version, head
from cartlake.tables.catalog import file_properties
from cartlake.tables.snapshots import find_version
from cartlake.times import stamp, utc_now
from cartlake_cli.athena.client import athena_of
from cartlake_cli.context import Lake
from cartlake_cli.errors import CommandError
from cartlake_cli.named_tables import columns_at, current, placement, table_named
from cartlake_cli.operations.exports.manifest import (
    ExportedFile,
    ExportManifest,
    Format,
    check_whole,
    chosen_columns,
    count_sql,
    described,
    select_sql,
    unload_sql,
)

DELETE_AT_ONCE = 1_000


@dataclass(frozen=True)
class Target:
    """A folder of S3; `prefix` ends in a slash."""

    bucket: str
    prefix: str

    @classmethod
    def of(cls, uri: str) -> "Target":
        """Return the folder of `s3://bucket/folder`. Raises CommandError for any other text, and for a bucket alone."""
        try:
            folder = S3Uri.parse(uri)
        except InvalidUriError as error:
            raise CommandError(
                f"--to {uri!r} is not s3://bucket/folder. An export needs a folder of its own."
            ) from error
        return cls(folder.bucket, folder.key.rstrip("/") + "/")

    @property
    def uri(self) -> str:
        """Return the URI of the folder, with a slash at its end."""
        return str(S3Uri(self.bucket, self.prefix))

    def keys(self) -> list[str]:
        """Return the keys of all objects in the folder."""
        pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def delete(self, keys: list[str]) -> None:
        """Delete objects by their keys."""
        for start in range(0, len(keys), DELETE_AT_ONCE):
            some = [{"Key": key} for key in keys[start : start + DELETE_AT_ONCE]]
            client("s3").delete_objects(Bucket=self.bucket, Delete={"Objects": some, "Quiet": True})


@dataclass(frozen=True)
class Wanted:
    """The options of an export. No `columns` are all columns; no `snapshot` is the current version."""

    table: str
    form: Format
    columns: list[str]
    where: str | None
    snapshot: str | None
    with_pii: bool


def write_export(lake: Lake, wanted: Wanted, target: Target) -> ExportManifest:
    """Write the files into a new folder below `target` and check them; returns the manifest, which is not written yet.

    Files of an export that fails are deleted. Raises ExportError when they do not have all rows of the table.
    """
    contract, table, stored = table_named(lake, wanted.table)
    name = table.physical_name
    version = find_version(stored, name, wanted.snapshot) if wanted.snapshot else current(stored, name)
    columns = chosen_columns(table, wanted.columns, sorted(columns_at(stored, version)), with_pii=wanted.with_pii)
    started, athena = utc_now(), athena_of(lake)
    export_id = f"{started.astimezone(UTC):%Y%m%dT%H%M%S%f}"
    placed = ".".join(placement(lake).identifier(table))
    select = select_sql(columns, wanted.form, placed, version.snapshot_id, wanted.where)
    # A folder of its own, so that readers of the earlier export are not disturbed while this one is written.
    data = Target(target.bucket, f"{target.prefix}{export_id}/")
    try:
        rows = int(athena.run(count_sql(placed, version.snapshot_id, wanted.where)).scalar() or 0)
        write = _write_parquet if wanted.form == "parquet" else _write_csv
        write(lake, select, data)
        files = [_examined(data, key, wanted.form) for key in sorted(data.keys())]
        check_whole(name, files, rows)
    # BaseException, because Ctrl-C has to delete the files too.
    except BaseException:
        data.delete(data.keys())
        raise
    return ExportManifest(
        export_id=export_id,
        table=name,
        contract_version=contract.version,
        snapshot_id=str(version.snapshot_id),
        snapshot_at=stamp(version.since),
        format=wanted.form,
        where=wanted.where,
        columns=described(columns, wanted.form),
        primary_key=list(table.primary_key),
        rows=rows,
        files=files,
        started_at=stamp(started),
        finished_at=stamp(utc_now()),
    )


def _write_parquet(lake: Lake, select: str, target: Target) -> None:
    athena_of(lake).run(unload_sql(select, target.uri))


def _write_csv(lake: Lake, select: str, target: Target) -> None:
    """Copy the result file of the query, because UNLOAD to text writes neither a header nor quotes."""
    done = athena_of(lake).run(select)
    about = lake.client("athena").get_query_execution(QueryExecutionId=done.query_execution_id)["QueryExecution"]
    result = S3Uri.parse(about["ResultConfiguration"]["OutputLocation"])
    if not copy_version(result, None, S3Uri(target.bucket, f"{target.prefix}part-00000.csv")):
        raise ObjectMissingError(f"{result} does not exist. Was the result of the query deleted? Export again.")


def _examined(target: Target, key: str, form: Format) -> ExportedFile:
    """Return a file of the export, with the rows counted in it."""
    uri = S3Uri(target.bucket, key)
    found = head(uri)
    if found is None:
        raise ObjectMissingError(f"{uri} does not exist, though it was just written. Was it deleted? Export again.")
    rows = _rows_of_parquet(str(uri)) if form == "parquet" else _rows_of_csv(target.bucket, key)
    return ExportedFile(uri=str(uri), key=key, bytes=found.size, rows=rows, etag=found.etag)


def _rows_of_parquet(uri: str) -> int:
    from pyarrow import parquet  # noqa: PLC0415 - a second of import
    from pyiceberg.io.pyarrow import PyArrowFileIO  # noqa: PLC0415 - the same

    with PyArrowFileIO(file_properties()).new_input(uri).open() as stream:
        return int(parquet.read_metadata(stream).num_rows)


def _rows_of_csv(bucket: str, key: str) -> int:
    """Return the number of rows below the header. A line break inside quotes ends no row."""
    body: Any = client("s3").get_object(Bucket=bucket, Key=key)["Body"]
    lines, quoted = 0, False
    for line in body.iter_lines(chunk_size=1 << 20):
        quoted ^= line.count(b'"') % 2 == 1
        lines += not quoted
    return lines - 1
