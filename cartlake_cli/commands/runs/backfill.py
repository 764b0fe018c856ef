"""`lake backfill`: load raw files again by today's contract, slice by slice; show, resume or cancel that."""

from datetime import datetime
from typing import Annotated

import typer

from cartlake.ledger import Backfill
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.operations.backfill import (
    cancel_backfill,
    check_files_exist,
    files_between,
    last_backfill,
    request_backfill,
    resume_backfill,
)
from cartlake_cli.operations.backfill_progress import COLUMNS, backfill_outcome, slices_of, wait_for_backfill
from cartlake_cli.operations.upload import check_dataset
from cartlake_cli.options import Dataset, Json


def register(app: typer.Typer) -> None:
    app.command("backfill")(backfill)


def backfill(
    context: typer.Context,
    dataset: Dataset,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="First day the files were received."),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], metavar="DAY", help="Last day, included; days are UTC."),
    ] = None,
    status: Annotated[bool, typer.Option("--status", help="Show the last backfill and its slices.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on after a slice that failed.")] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="Begin no further slice.")] = False,
    wait: Annotated[bool, typer.Option(help="Wait for it, and for the tables built from it.")] = True,
    json: Json = False,
) -> None:
    """Load the files received on some days again, by today's contract, in slices of whole days, newest first."""
    lake = lake_of(context)
    check_dataset(dataset)
    if (first is not None and last is not None) + status + resume + cancel != 1 or (first is None) != (last is None):
        raise typer.BadParameter("Give --from and --to, or one of --status, --resume and --cancel.")
    if status:
        _show(lake, last_backfill(lake, dataset))
    elif cancel:
        _show(lake, cancel_backfill(lake, dataset))
        lake.output.say("Published slices stay. A slice at work is done to its end.")
    elif resume:
        _follow(lake, resume_backfill(lake, dataset), wait=wait)
    elif first is not None and last is not None:
        _request(lake, dataset, first, last, wait=wait)


def _request(lake: Lake, dataset: str, first: datetime, last: datetime, *, wait: bool) -> None:
    if last < first:
        raise typer.BadParameter(f"--to {last:%Y-%m-%d} is before --from {first:%Y-%m-%d}.")
    check_files_exist(lake, files_between(lake, dataset, first.date(), last.date()))
    _follow(lake, request_backfill(lake, dataset, first.date(), last.date()), wait=wait)


def _show(lake: Lake, backfill: Backfill) -> None:
    slices = slices_of(lake, backfill)
    if lake.output.as_json:
        lake.output.json({**_about(backfill), "state": backfill.state, "slices": slices})
        return
    lake.output.record(f"Backfill of {backfill.dataset}", {**_about(backfill), "state": backfill.state})
    lake.output.records("Slices, newest days first", COLUMNS, slices)


def _about(backfill: Backfill) -> dict[str, object]:
    return {
        "dataset": backfill.dataset,
        "from": backfill.first,
        "to": backfill.last,
        "request_id": backfill.request_id,
    }


def _follow(lake: Lake, request: Backfill, *, wait: bool) -> None:
    dataset = request.dataset
    if not wait:
        lake.output.record(f"Backfill of {dataset} requested", _about(request))
        lake.output.say(
            f"It starts as soon as no other run works on {dataset}: `lake backfill {dataset} --status` shows it."
        )
        return
    try:
        with lake.output.messages.status(f"Backfill of {dataset}") as status:
            runs = wait_for_backfill(lake, request, status.update, lake.output.say)
    except KeyboardInterrupt:
        lake.output.say(
            f"The backfill goes on without this command. `lake backfill {dataset} --status` shows it, "
            "`--resume` waits for it again, `--cancel` ends it after the slice at work."
        )
        raise
    files = sum(run.files for run in runs if run.slice and not run.slice.again)
    outcome = {**_about(request), "files": files, **backfill_outcome(lake, runs)}
    lake.output.record(f"Backfilled {dataset}, files received {request}", outcome)
    if outcome["withdrawn"]:
        lake.output.say(
            f"[yellow]{outcome['withdrawn']} rows left the table.[/yellow] They are in quarantine: "
            f"`lake quarantine show RUN`, with the runs above. If a file outside these days holds an older version of "
            "such a row, a backfill of those days as well brings it back."
        )
