"""`lake drop`: put files where the lake picks them up."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import typer

from cartlake import contracts
from cartlake.cli.context import Lake, lake_of
from cartlake.cli.errors import CommandError, Exit, NotFoundError
from cartlake.cli.follow import follow_files, follow_refresh
from cartlake.cli.options import Dataset, Json
from cartlake.cli.output import records_of
from cartlake.ledger import FileState, ObjectVersion

PARALLEL_UPLOADS = 8


def register(app: typer.Typer) -> None:
    app.command("drop")(drop)


def drop(
    context: typer.Context,
    dataset: Dataset,
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="Files to upload.")],
    wait: Annotated[bool, typer.Option(help="Wait until every file is settled and every table rebuilt.")] = False,
    json: Json = False,
) -> None:
    """Upload files to the raw zone, where their arrival starts everything else."""
    lake = lake_of(context)
    check_dataset(dataset)
    dropped = upload(lake, dataset, files)
    if wait:
        settled = follow_files(lake, dataset, [file["file_id"] for file in dropped])
        follow_refresh(lake)
        lake.output.records("Files", ["key", "state", "reason", "run_id"], records_of(settled))
        if any(file.state in {FileState.REJECTED, FileState.FAILED} for file in settled):
            raise typer.Exit(Exit.FAILED)
        return
    lake.output.records(f"Dropped into {dataset}", ["key", "bytes", "file_id"], dropped)
    lake.output.say("Follow them with [bold]lake status --follow[/bold].")


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
