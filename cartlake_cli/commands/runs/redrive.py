"""`lake redrive`: send dead letters again, once their cause is fixed."""

from enum import StrEnum
from typing import Annotated

import typer

from cartlake_cli.context import lake_of
from cartlake_cli.operations.redrive import invoke_again, move_incoming
from cartlake_cli.options import Json


class DeadLetters(StrEnum):
    """The queues of messages that could not be handled."""

    INCOMING = "incoming"
    """S3 events that file_validator failed to handle three times."""

    EVENTS = "events"
    """Events whose function failed, or that EventBridge could not deliver."""


def register(app: typer.Typer) -> None:
    app.command("redrive")(redrive)


def redrive(
    context: typer.Context,
    queue: Annotated[DeadLetters, typer.Argument(help="Which dead-letter queue.")] = DeadLetters.INCOMING,
    json: Json = False,
) -> None:
    """Send the messages of a dead-letter queue again. Each is deleted only after it was sent."""
    lake = lake_of(context)
    moved = move_incoming(lake) if queue is DeadLetters.INCOMING else invoke_again(lake)
    if lake.output.as_json:
        lake.output.json({"queue": queue, "moved": moved})
    else:
        lake.output.say(f"Moved {moved} messages. Follow them with [bold]lake status --follow[/bold].")
