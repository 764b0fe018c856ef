"""`lake generate`: the generators on the command line. numpy and Arrow load only when it runs."""

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cartlake.cli.context import lake_of
from cartlake.cli.errors import NotFoundError
from cartlake.cli.options import Json

if TYPE_CHECKING:
    from generators.manifest import Manifest

DATASETS = ("transactions",)


class Format(StrEnum):
    """File formats the lake accepts."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


def register(app: typer.Typer) -> None:
    """Add `generate` to the command line."""
    app.command()(generate)


def generate(  # noqa: PLR0913  # one parameter for each option of the command
    context: typer.Context,
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help=f"One of: {', '.join(DATASETS)}.")],
    *,
    rows: Annotated[int, typer.Option(min=1, help="Rows in the daily files together, dirty ones included.")] = 100_000,
    days: Annotated[int, typer.Option(min=1, help="Days, a file each.")] = 30,
    end_date: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day; yesterday (UTC) by default.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed and options, same bytes.")] = 42,
    dirty: Annotated[float, typer.Option(min=0.0, max=0.5, help="Share of spoiled rows.")] = 0.01,
    out: Annotated[Path | None, typer.Option(file_okay=False, help="Directory; .lake/generated/DATASET else.")] = None,
    file_format: Annotated[Format, typer.Option("--format", help="Format of the files.")] = Format.CSV,
    gzip: Annotated[bool, typer.Option("--gzip/--no-gzip", help="Compress csv and jsonl files.")] = False,
    duplicate_file: Annotated[
        bool, typer.Option("--duplicate-file/--no-duplicate-file", help="Also one file again, under another name.")
    ] = False,
    late_file: Annotated[
        bool, typer.Option("--late-file/--no-late-file", help="Also updates and old versions of some lines.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write realistic files with known dirt, and manifest.json: what is in them and what the lake must make of it."""
    from generators.transactions import generate_transactions, yesterday  # noqa: PLC0415 - see the module

    if dataset not in DATASETS:
        raise NotFoundError(f"There is no generator for {dataset!r}, only for: {', '.join(DATASETS)}.")
    last = yesterday() if end_date is None else end_date.date()
    if last >= datetime.now(UTC).date():
        raise typer.BadParameter(f"{last} is not over yet in UTC; its orders would lie in the future.")
    lake = lake_of(context)
    directory = out or lake.home / "generated" / dataset
    try:
        manifest = generate_transactions(
            directory,
            rows=rows,
            days=days,
            seed=seed,
            dirty=dirty,
            file_format=file_format.value,
            compressed=gzip,
            end_date=last,
            duplicate_file=duplicate_file,
            late_file=late_file,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if as_json:
        lake.output.json({"directory": str(directory), "manifest": manifest})
    elif not lake.output.as_json:  # else another command, which called this one, has the floor
        lake.output.record(f"{dataset} in {directory}", summary(manifest))


def summary(manifest: "Manifest") -> dict[str, str | int]:
    """What a person wants to know before dropping the files."""
    expected = manifest.expected_rows
    return {
        "files": len(manifest.files),
        "size": f"{sum(file.size for file in manifest.files) / 1e6:,.1f} MB",
        "rows to be read": expected.read,
        "to be quarantined": expected.quarantined,
        "rows in the table": manifest.expected_table.rows,
        "kinds of dirt": len(manifest.dirt),
        "files never read (duplicates)": expected.duplicate_files,
    }
