"""`lake sources` and `lake sync`: systems that the lake reads by itself."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from cartlake.times import utc_now
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import CommandError
from cartlake_cli.operations.raw_files.sftp import FILE_COLUMNS, files_of, read_server, servers_of
from cartlake_cli.operations.raw_files.sources import sources_of, sync_source
from cartlake_cli.options import Json

COLUMNS = ("source", "enabled", "schedule", "state", "read_until", "read", "written", "files", "ended_at", "error")
LISTED = ("path", "size", "modified", "state", "read_at", "key", "why")
LOADS = "The lake loads the files by itself: [bold]lake status --follow[/bold]."
TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ"]


def register(app: typer.Typer) -> None:
    """Add `lake sources` and `lake sync`."""
    app.command("sources")(sources)
    app.command("sync")(sync)


def sources(
    context: typer.Context,
    server: Annotated[
        str | None, typer.Argument(help="An SFTP server: list its files and what became of them.")
    ] = None,
    json: Json = False,
) -> None:
    """List the sources that the lake can read by itself, how far each was read, and why a sync failed."""
    del json  # its callback has set the output
    lake = lake_of(context)
    if server is not None:
        lake.output.records(f"Files of {server}", LISTED, files_of(lake, server))
        return
    lake.output.records("Sources", COLUMNS, [*sources_of(lake), *servers_of(lake)])


def sync(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="Name of a source; `lake sources` lists them.")],
    since: Annotated[
        datetime | None,
        typer.Option(formats=TIMES, help="Forget how far the source was read, and read from this UTC time on."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and count, and write nothing.")] = False,
    wait: Annotated[
        bool, typer.Option(help="Of an SFTP server: wait for files that may still be written, and look again.")
    ] = True,
    json: Json = False,
) -> None:
    """Read a source now: what was modified since the last sync becomes files in the raw zone."""
    del json
    lake = lake_of(context)
    if source in lake.outputs.sftp:
        if since is not None:
            raise typer.BadParameter(f"{source} is an SFTP server: a file is read once, whatever its time is.")
        _sync_server(lake, source, read_server(lake, source, dry_run=dry_run, wait=wait), dry_run=dry_run)
        return
    moment = since.replace(tzinfo=UTC) if since else None
    if moment and moment > utc_now():
        raise typer.BadParameter(f"{since} is in the future: there is nothing to read since then.")
    answer = sync_source(lake, source, since=moment, dry_run=dry_run)
    lake.output.record("Read, nothing was written" if dry_run else "Read", answer)
    if answer["files"] and not dry_run:
        lake.output.say(LOADS)


def _sync_server(lake: Lake, name: str, answer: dict[str, Any], *, dry_run: bool) -> None:
    if lake.output.as_json:
        lake.output.json(answer)
    else:
        files = answer.pop("files")
        lake.output.record("Listed, nothing was written" if dry_run else "Read", answer)
        if files:
            lake.output.records(f"Files of {name}", FILE_COLUMNS, files)
    if answer["fetched"] and not dry_run:
        lake.output.say(LOADS)
    if answer["refused"]:
        raise CommandError(f"{answer['refused']} files of {name} are refused; all others were read.")
