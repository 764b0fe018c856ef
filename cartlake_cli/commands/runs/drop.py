"""`lake drop`: put files where the lake picks them up."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import typer

from cartlake import contracts
from cartlake.ledger import FileRecord, FileState, ObjectVersion
from cartlake_cli.commands.runs.follow import follow_datasets, follow_refresh
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import CommandError, Exit, NotFoundError
from cartlake_cli.options import Json
from cartlake_cli.output import records_of

PARALLEL_UPLOADS = 8
ALL = "all"


def register(app: typer.Typer) -> None:
    app.command("drop")(drop)


def drop(
    context: typer.Context,
    dataset: Annotated[str, typer.Argument(help="Name of a dataset, or `all` for a world of them.")],
    files: Annotated[
        list[Path], typer.Argument(exists=True, help="Files; for `all` a folder, one below it a dataset.")
    ],
    wait: Annotated[bool, typer.Option(help="Wait until every file is settled and every table rebuilt.")] = False,
    json: Json = False,
) -> None:
    """Upload files to the raw zone, where their arrival starts everything else."""
    lake = lake_of(context)
    chosen = files_by_dataset(dataset, files)
    dropped = {name: upload(lake, name, paths) for name, paths in chosen.items()}
    if wait:
        settled = settle(lake, dropped)
        lake.output.records("Files", ["key", "state", "reason", "run_id"], records_of(settled))
        if any(file.state in {FileState.REJECTED, FileState.FAILED} for file in settled):
            raise typer.Exit(Exit.FAILED)
        return
    rows = [file for files in dropped.values() for file in files]
    lake.output.records(f"Dropped into {', '.join(dropped)}", ["key", "bytes", "file_id"], rows)
    lake.output.say("Follow them with [bold]lake status --follow[/bold].")


def files_by_dataset(dataset: str, paths: list[Path]) -> dict[str, list[Path]]:
    """The files to upload. Raises NotFoundError for an unknown dataset, CommandError for folders where files belong."""
    if dataset != ALL:
        check_dataset(dataset)
        if folders := [str(path) for path in paths if path.is_dir()]:
            raise CommandError(f"{', '.join(folders)} is a folder: name its files, or use `lake drop all FOLDER`.")
        return {dataset: paths}
    below = {name: sorted((paths[0] / name).glob(f"{name}*")) for name in contracts.names()}
    found = {name: files for name, files in below.items() if files}
    if len(paths) != 1 or not found:
        raise CommandError(
            f"{paths[0]}: `lake drop all` takes one folder with a folder of files for each dataset: "
            f"{', '.join(contracts.names())}."
        )
    return found


def settle(lake: Lake, dropped: Mapping[str, list[dict[str, Any]]]) -> list[FileRecord]:
    """Wait until uploaded files are settled and what is built from them is rebuilt; returns the files."""
    ids = {dataset: [file["file_id"] for file in files] for dataset, files in dropped.items()}
    files = [file for settled in follow_datasets(lake, ids).values() for file in settled]
    with lake.output.messages.status("Rebuilding the tables that are built from them"):
        follow_refresh(lake)
    return files


def upload(lake: Lake, dataset: str, files: list[Path]) -> list[dict[str, Any]]:
    """Upload side by side; returns key, bytes and file_id of each file, in the order given."""
    names = [path.name for path in files]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        msg = f"Two files are called {', '.join(repeated)}: each would replace the other. Rename one."
        raise CommandError(msg)
    bucket, s3 = lake.outputs.buckets["raw"], lake.client("s3")

    def one(path: Path) -> dict[str, Any]:
        key = f"incoming/{dataset}/{path.name}"
        s3.upload_file(str(path), bucket, key)
        head = s3.head_object(Bucket=bucket, Key=key)
        landed = uploaded(bucket, key, head)
        return {"key": key, "bytes": landed.size, "file_id": landed.file_id}

    with ThreadPoolExecutor(PARALLEL_UPLOADS) as pool:
        return list(pool.map(one, files))


def uploaded(bucket: str, key: str, answer: Mapping[str, Any], size: int = 0) -> ObjectVersion:
    """The object version that S3's answer to a HEAD or PUT tells of."""
    etag, version_id = answer["ETag"].strip('"'), answer.get("VersionId")
    return ObjectVersion(
        bucket=bucket, key=key, version_id=version_id, etag=etag, size=answer.get("ContentLength", size)
    )


def check_dataset(dataset: str) -> None:
    if dataset not in contracts.names():
        msg = f"There is no dataset {dataset!r}. Contracts exist for: {', '.join(contracts.names())}."
        raise NotFoundError(msg)
