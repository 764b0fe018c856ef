"""`lake export`: rows of a table as files for other systems, with a manifest that is written last."""

from datetime import datetime
from typing import Annotated

import typer

from cartlake.aws.s3 import write_text
from cartlake_cli.commands.tables.history import TableName
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import CommandError
from cartlake_cli.named_tables import table_named
from cartlake_cli.operations.exports.files import Target, Wanted, write_export
from cartlake_cli.operations.exports.manifest import MANIFEST, ExportManifest, Format
from cartlake_cli.options import Json


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
    with_pii: Annotated[bool, typer.Option("--with-pii", help="Export personal data as well.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is in the folder.")] = False,
    json: Json = False,
) -> None:
    """Write rows of a table to S3 as Parquet or CSV files, and then a manifest of these files."""
    lake = lake_of(context)
    _, described_table, _ = table_named(lake, table)
    target = Target.of(to or f"s3://{lake.outputs.buckets['exports']}/{described_table.physical_name}/")
    there = target.keys()
    if there and not overwrite:
        raise CommandError(_occupied(target, there))
    names = [name.strip() for name in columns.split(",") if name.strip()]
    wanted = Wanted(table, form, names, where, snapshot, with_pii)
    # The new manifest replaces the old one before the old files are deleted, so it always names files that exist.
    manifest = write_export(lake, wanted, target)
    write_text(f"{target.uri}{MANIFEST}", manifest.model_dump_json(indent=2))
    target.delete([key for key in there if key != f"{target.prefix}{MANIFEST}"])
    _show(lake, manifest, target)


def _occupied(target: Target, keys: list[str]) -> str:
    finished = f"{target.prefix}{MANIFEST}" in keys
    what = (
        "an export"
        if finished
        else f"{len(keys)} objects and no {MANIFEST}: not an export, or one that was interrupted"
    )
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
