"""`lake backfill`: load raw files again by today's contract."""

from datetime import datetime
from typing import Annotated

import typer

from cartlake_cli.context import lake_of
from cartlake_cli.operations.backfill import (
    backfill_outcome,
    check_files_exist,
    files_between,
    request_backfill,
    wait_for_backfill,
)
from cartlake_cli.operations.upload import check_dataset
from cartlake_cli.options import Dataset, Json


def register(app: typer.Typer) -> None:
    app.command("backfill")(backfill)


def backfill(
    context: typer.Context,
    dataset: Dataset,
    first: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="First day the files were received.")
    ],
    last: Annotated[
        datetime, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DAY", help="Last day, included; days are UTC.")
    ],
    wait: Annotated[bool, typer.Option(help="Wait for it, and for the tables built from it.")] = True,
    json: Json = False,
) -> None:
    """Load the files received on some days again, by today's contract, and publish all of them in one commit."""
    lake = lake_of(context)
    check_dataset(dataset)
    if last < first:
        raise typer.BadParameter(f"--to {last:%Y-%m-%d} is before --from {first:%Y-%m-%d}.")
    files = files_between(lake, dataset, first.date(), last.date())
    check_files_exist(lake, files)
    request = request_backfill(lake, dataset, first.date(), last.date())
    asked = {"dataset": dataset, "from": request.first, "to": request.last, "request_id": request.request_id}
    if not wait:
        lake.output.record(f"Backfill of {dataset} requested", {**asked, "files": len(files)})
        lake.output.say(f"It starts as soon as no other run works on {dataset}: `lake runs --dataset {dataset}`.")
        return
    with lake.output.messages.status(f"Backfill of {dataset}") as status:
        run = wait_for_backfill(lake, request, status.update)
    outcome = {**asked, "files": run.files, **backfill_outcome(lake, run)}
    lake.output.record(f"Backfilled {dataset}, files received {request}", outcome)
    if outcome["withdrawn"]:
        lake.output.say(
            f"[yellow]{outcome['withdrawn']} rows left the table.[/yellow] They are in quarantine: "
            f"`lake quarantine show {run.run_id}`. If a file outside these days holds an older version of such a row, "
            "a backfill of those days as well brings it back."
        )
