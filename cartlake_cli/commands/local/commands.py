"""`lake down`, `lake logs` and `lake env`: commands of the embedded AWS."""

from __future__ import annotations

from typing import Annotated

import typer

from cartlake_cli.commands.local import emulator, kafka, logs
from cartlake_cli.context import lake_of
from cartlake_cli.environments import LOCAL
from cartlake_cli.errors import CommandError
from cartlake_cli.options import Json  # noqa: TC001 -- typer reads annotations when it runs


def register(app: typer.Typer) -> None:
    """Add the commands to the `lake` command line."""
    app.command("down")(down)
    app.command("logs")(show_logs)
    app.command("env")(env)


def down(
    context: typer.Context,
    wipe: Annotated[bool, typer.Option(help="Also delete all it stores: data, tables, deployment.")] = False,
    json: Json = False,
) -> None:
    """Stop the embedded AWS once its state is saved, and Kafka where it runs. `lake up` brings it back as it was."""
    lake = lake_of(context)
    if lake.environment != LOCAL:
        raise CommandError(f"`lake down` is for this machine. Remove {lake.environment} with Terraform.")
    kafka.stop(kafka.broker_of(lake.root))
    stopped = emulator.stop(lake.root)
    if wipe:
        emulator.wipe(lake.root)
    if json:
        lake.output.json({"stopped": stopped, "wiped": wipe})
    else:
        lake.output.say("Stopped." if stopped else "It was not running.")
        lake.output.say(f"All its data was deleted: {lake.home}." if wipe else f"Its data stays in {lake.home}.")


def show_logs(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            help="A run or a file, by its id; a Lambda (file_validator); a log file (server, terraform); a log group."
        ),
    ] = "server",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing new lines until Ctrl-C.")] = False,
    job: Annotated[str | None, typer.Option("--job", help="A job run of Glue or EMR Serverless, by its id.")] = None,
    lines: Annotated[int, typer.Option(min=1, help="How many of the last lines to print first.")] = 100,
) -> None:
    """Print what a part of the lake logged."""
    lake = lake_of(context)
    log_file = lake.home / "logs" / f"{name}.log"
    if job is not None:
        groups, stream = logs.job_streams(lake.client("logs"), lake.outputs, job)
        found = logs.cloudwatch_lines(lake.client("logs"), groups, stream, lines, follow=follow)
    elif lake.is_local and log_file.exists():
        found = logs.file_lines(log_file, lines, follow=follow)
    elif logs.is_id(name):
        ids = logs.ids_of(name, lake.ledger)
        groups = logs.all_groups(lake.client("logs"), lake.outputs.name_prefix)
        found = logs.cloudwatch_lines(lake.client("logs"), groups, None, lines, follow=follow, ids=ids)
    else:
        groups = [logs.group_of(name, lake.outputs.functions)]
        found = logs.cloudwatch_lines(lake.client("logs"), groups, None, lines, follow=follow)
    for line in found:
        typer.echo(line)


def env(context: typer.Context, json: Json = False) -> None:
    r"""Print the variables that point any AWS client at the embedded AWS: eval "$(lake env)"."""
    lake = lake_of(context)
    variables = lake.local_variables()
    if json:
        lake.output.json(variables)
        return
    for name, value in variables.items():
        typer.echo(f"export {name}={value}")
