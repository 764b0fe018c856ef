"""`lake export`: rows of a table as plain files for other systems, with a manifest that appears when all is there."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from cartlake.aws.clients import client
from cartlake.tables.catalog import file_properties
from cartlake.tables.snapshots import find_version
from cartlake.times import stamp, utc_now
from cartlake_cli.athena.client import athena_of
from cartlake_cli.commands.tables.history import TableName
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import CommandError
from cartlake_cli.named_tables import columns_at, current, placement, table_named
from cartlake_cli.operations.exports import (
    MANIFEST,
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
from cartlake_cli.options import Json

DELETE_AT_ONCE = 1_000


@dataclass(frozen=True)
class Target:
    """A folder of S3; `prefix` ends in a slash."""

    bucket: str
    prefix: str

    @classmethod
    def of(cls, uri: str) -> "Target":
        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        if not uri.startswith("s3://") or not bucket or not prefix.strip("/"):
            raise CommandError(f"--to {uri!r} is not s3://bucket/folder. An export needs a folder of its own.")
        return cls(bucket, prefix.rstrip("/") + "/")

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    def keys(self) -> list[str]:
        pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def delete(self, keys: list[str]) -> None:
        for start in range(0, len(keys), DELETE_AT_ONCE):
            some = [{"Key": key} for key in keys[start : start + DELETE_AT_ONCE]]
            client("s3").delete_objects(Bucket=self.bucket, Delete={"Objects": some, "Quiet": True})


def register(app: typer.Typer) -> None:
    app.command("export")(export)


def export(
    context: typer.Context,
    table: TableName,
    form: Annotated[Format, typer.Option("--format", help="parquet, or csv with a header.")] = "parquet",
    to: Annotated[
        str | None, typer.Option("--to", metavar="s3://BUCKET/FOLDER", help="Default: the lake's exports bucket.")
    ] = None,
    columns: Annotated[str, typer.Option(help="Only these, separated by commas.")] = "",
    where: Annotated[str | None, typer.Option(help="Only rows of this SQL condition.")] = None,
    snapshot: Annotated[
        str | None, typer.Option(metavar="SNAPSHOT|TIME|RUN", help="An earlier version; the current one by default.")
    ] = None,
    with_pii: Annotated[bool, typer.Option("--with-pii", help="Hand out personal data as well.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is in the folder.")] = False,
    json: Json = False,
) -> None:
    """Write rows of a table to S3 as Parquet or CSV, and last of all a manifest of the files."""
    lake = lake_of(context)
    _, described_table, _ = table_named(lake, table)
    target = Target.of(to or f"s3://{lake.outputs.buckets['exports']}/{described_table.physical_name}/")
    there = target.keys()
    if there and not overwrite:
        raise CommandError(_occupied(target, there))
    names = [name.strip() for name in columns.split(",") if name.strip()]
    wanted = Wanted(table, form, names, where, snapshot, with_pii)
    manifest = write_export(lake, wanted, target)
    client("s3").put_object(
        Bucket=target.bucket,
        Key=f"{target.prefix}{MANIFEST}",
        Body=manifest.model_dump_json(indent=2).encode(),
        ContentType="application/json",
    )
    target.delete([key for key in there if key != f"{target.prefix}{MANIFEST}"])
    _show(lake, manifest, target)


@dataclass(frozen=True)
class Wanted:
    table: str
    form: Format
    columns: list[str]
    where: str | None
    snapshot: str | None
    with_pii: bool


def write_export(lake: Lake, wanted: Wanted, target: Target) -> ExportManifest:
    """Write the files below a folder of their own and check them; returns the manifest, which is not written yet.

    Files of an export that fails are deleted again. Raises ExportError when their rows are not those of the table.
    """
    contract, table, stored = table_named(lake, wanted.table)
    name = table.physical_name
    version = find_version(stored, name, wanted.snapshot) if wanted.snapshot else current(stored, name)
    columns = chosen_columns(table, wanted.columns, sorted(columns_at(stored, version)), with_pii=wanted.with_pii)
    started, athena = utc_now(), athena_of(lake)
    export_id = f"{started.astimezone(UTC):%Y%m%dT%H%M%S%f}"
    placed = ".".join(placement(lake).identifier(table))
    select = select_sql(columns, wanted.form, placed, version.snapshot_id, wanted.where)
    data = Target(target.bucket, f"{target.prefix}{export_id}/")
    try:
        rows = int(athena.run(count_sql(placed, version.snapshot_id, wanted.where)).scalar() or 0)
        write = _write_parquet if wanted.form == "parquet" else _write_csv
        write(lake, select, data)
        files = [_examined(data, key, wanted.form) for key in sorted(data.keys())]
        check_whole(name, files, rows)
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
    """Copy the result of the query: UNLOAD to text writes neither a header nor quotes."""
    done = athena_of(lake).run(select)
    about = lake.client("athena").get_query_execution(QueryExecutionId=done.query_execution_id)["QueryExecution"]
    bucket, _, key = about["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").partition("/")
    client("s3").copy({"Bucket": bucket, "Key": key}, target.bucket, f"{target.prefix}part-00000.csv")


def _examined(target: Target, key: str, form: Format) -> ExportedFile:
    """The file as it lies there, its rows counted in it."""
    head = client("s3").head_object(Bucket=target.bucket, Key=key)
    uri = f"s3://{target.bucket}/{key}"
    rows = _rows_of_parquet(uri) if form == "parquet" else _rows_of_csv(target.bucket, key)
    return ExportedFile(uri=uri, key=key, bytes=head["ContentLength"], rows=rows, etag=head["ETag"].strip('"'))


def _rows_of_parquet(uri: str) -> int:
    from pyarrow import parquet  # noqa: PLC0415 - a second of import
    from pyiceberg.io.pyarrow import PyArrowFileIO  # noqa: PLC0415 - the same

    with PyArrowFileIO(file_properties()).new_input(uri).open() as stream:
        return int(parquet.read_metadata(stream).num_rows)


def _rows_of_csv(bucket: str, key: str) -> int:
    """Rows below the header, of a file of any size: a line break inside quotes, which come in pairs, ends no row."""
    body: Any = client("s3").get_object(Bucket=bucket, Key=key)["Body"]
    lines, quoted = 0, False
    for line in body.iter_lines(chunk_size=1 << 20):
        quoted ^= line.count(b'"') % 2 == 1
        lines += not quoted
    return lines - 1


def _occupied(target: Target, keys: list[str]) -> str:
    finished = f"{target.prefix}{MANIFEST}" in keys
    what = "an export" if finished else f"{len(keys)} objects and no {MANIFEST}: not an export, or one that died"
    return f"{target.uri} holds {what}. Choose another folder, or replace it with --overwrite."


def _show(lake: Lake, manifest: ExportManifest, target: Target) -> None:
    if lake.output.as_json:
        lake.output.json(manifest.model_dump(mode="json"))
        return
    took = datetime.fromisoformat(manifest.finished_at) - datetime.fromisoformat(manifest.started_at)
    about = {
        "table": manifest.table,
        "snapshot": manifest.snapshot_id,
        "rows": manifest.rows,
        "files": len(manifest.files),
        "bytes": sum(file.bytes for file in manifest.files),
        "seconds": took.total_seconds(),
        "manifest": f"{target.uri}{MANIFEST}",
    }
    lake.output.record(f"Exported {manifest.table}", about)
