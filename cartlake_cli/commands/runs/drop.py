"""`lake drop`: upload files to be loaded."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from cartlake.ledger import FileRecord, FileState
from cartlake_cli.commands.runs.follow import follow_datasets
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import Exit
from cartlake_cli.operations.follow import follow_refresh
from cartlake_cli.operations.upload import files_by_dataset, upload
from cartlake_cli.options import Json
from cartlake_cli.output import records_of


def register(app: typer.Typer) -> None:
    app.command("drop")(drop)


def drop(
    context: typer.Context,
    dataset: Annotated[str, typer.Argument(help="Name of a dataset, or `all` for a folder with files of several.")],
    files: Annotated[
        list[Path], typer.Argument(exists=True, help="Files; for `all` one folder that has a folder for each dataset.")
    ],
    wait: Annotated[bool, typer.Option(help="Wait until every file is processed and every table rebuilt.")] = False,
    json: Json = False,
) -> None:
    """Upload files to the raw zone. The lake loads them by itself."""
    lake = lake_of(context)
    chosen = files_by_dataset(dataset, files)
    dropped = {name: upload(lake, name, paths) for name, paths in chosen.items()}
    if wait:
        processed = wait_until_processed(lake, dropped)
        lake.output.records("Files", ["key", "state", "reason", "run_id"], records_of(processed))
        if any(file.state in {FileState.REJECTED, FileState.FAILED} for file in processed):
            raise typer.Exit(Exit.FAILED)
        return
    rows = [file for files in dropped.values() for file in files]
    lake.output.records(f"Dropped into {', '.join(dropped)}", ["key", "bytes", "file_id"], rows)
    lake.output.say("Follow them with [bold]lake status --follow[/bold].")


def wait_until_processed(lake: Lake, dropped: Mapping[str, list[dict[str, Any]]]) -> list[FileRecord]:
    """Wait until uploaded files have a final state and the tables built from them are rebuilt; returns the files.

    `dropped` is what `upload` returned, by dataset. Raises CommandError when nothing changes for 15 minutes, or the
    refresh failed.
    """
    ids = {dataset: [file["file_id"] for file in files] for dataset, files in dropped.items()}
    files = [file for processed in follow_datasets(lake, ids).values() for file in processed]
    with lake.output.messages.status("Rebuilding the tables that are built from them"):
        follow_refresh(lake)
    return files
