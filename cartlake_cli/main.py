"""The `lake` command line."""

import sys
from typing import Annotated

import typer

from cartlake_cli.command_table import LazyGroup
from cartlake_cli.environments import ENVIRONMENTS, LOCAL

SUPPORTED_PYTHONS = ((3, 11), (3, 13))
"""The first and the last version of Python that the command line works on."""

app = typer.Typer(
    name="lake",
    cls=LazyGroup,
    help="Cartlake: an e-commerce data lake on AWS, or complete on this machine.",
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
    """Cartlake: an e-commerce data lake on AWS, or complete on this machine."""
    # boto3 takes a third of a second to import, which `lake --help` does not need.
    from cartlake_cli.context import Lake  # noqa: PLC0415
    from cartlake_cli.output import Output  # noqa: PLC0415

    if environment not in ENVIRONMENTS:
        msg = f"{environment!r} is not an environment. Choose one of {', '.join(ENVIRONMENTS)}."
        raise typer.BadParameter(msg)
    context.obj = Lake(environment, Output())


def run() -> None:
    """Run the `lake` script. An error is printed as one message and ends with its exit code of docs/cli.md."""
    first, last = SUPPORTED_PYTHONS
    if not first <= sys.version_info[:2] <= last:
        found = ".".join(map(str, sys.version_info[:3]))
        sys.exit(
            f"error: lake runs on Python 3.{first[1]} to 3.{last[1]}, not on {found}. Install it with one of those."
        )
    try:
        app()
    except (Exception, KeyboardInterrupt) as error:
        from cartlake_cli.failures import explained  # noqa: PLC0415 - boto3, for its error classes

        failure = explained(error)
        if failure is None:
            raise
        failure.print()
        sys.exit(failure.code)
