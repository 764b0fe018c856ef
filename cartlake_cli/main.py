"""The `lake` command line: one application, its commands in the modules beside this one and in entry points."""

import sys
from importlib.metadata import entry_points
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.markup import escape

from cartlake.errors import CartlakeError
from cartlake_cli.commands.contracts import contracts
from cartlake_cli.commands.lake import artifacts, demo, doctor, query
from cartlake_cli.commands.maintenance import health, maintain
from cartlake_cli.commands.runs import backfill, drop, quarantine, recompute, redrive, runs, status
from cartlake_cli.commands.tables import crawl, export, history, register, tables
from cartlake_cli.context import ENVIRONMENTS, LOCAL, Lake
from cartlake_cli.errors import CommandError, Exit, NotReadyError
from cartlake_cli.output import Output

COMMAND_GROUP = "cartlake.commands"
"""Entry points that add commands from packages `cartlake` may not import: the embedded AWS and the generators."""

# In the order of `lake --help`.
MODULES = (
    artifacts,
    drop,
    status,
    runs,
    query,
    recompute,
    quarantine,
    backfill,
    redrive,
    contracts,
    tables,
    history,
    export,
    register,
    crawl,
    health,
    maintain,
    doctor,
    demo,
)

app = typer.Typer(
    name="lake",
    help="Cartlake: an e-commerce data lake on AWS, or whole on this machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def choose_environment(
    context: typer.Context,
    environment: Annotated[
        str, typer.Option("--env", envvar="CARTLAKE_ENV", help=f"One of {', '.join(ENVIRONMENTS)}.")
    ] = LOCAL,
) -> None:
    """Cartlake: an e-commerce data lake on AWS, or whole on this machine."""
    if environment not in ENVIRONMENTS:
        msg = f"{environment!r} is not an environment. Choose one of {', '.join(ENVIRONMENTS)}."
        raise typer.BadParameter(msg)
    context.obj = Lake(environment, Output())


def assemble() -> typer.Typer:
    """The application with every command, its own and those of the installed entry points."""
    for module in MODULES:
        module.register(app)
    for entry_point in sorted(entry_points(group=COMMAND_GROUP), key=lambda point: point.name):
        entry_point.load()(app)
    return app


def run() -> None:
    """Entry point of the `lake` script. Errors become one message and the exit code docs/cli.md gives them."""
    errors = Console(stderr=True)
    try:
        assemble()()
    except CommandError as error:
        code, message = error.code, str(error)
    except CartlakeError as error:
        code, message = Exit.FAILED, str(error)
    except (BotoCoreError, ClientError) as error:
        code, message = _aws_failure(error)
    except KeyboardInterrupt:
        code, message = Exit.FAILED, "Stopped."
    else:
        return
    errors.print(f"[red]error:[/red] {escape(message)}", highlight=False)
    sys.exit(code)


def _aws_failure(error: BotoCoreError | ClientError) -> tuple[Exit, str]:
    if type(error).__name__ == "EndpointConnectionError":
        return NotReadyError.code, f"{error} Is the embedded AWS running? `lake up` starts it."
    if type(error).__name__ == "NoCredentialsError":
        return NotReadyError.code, f"{error}. Log in first, for example with `aws sso login`."
    return Exit.AWS, f"AWS said: {error}"
