"""`lake lineage`: where a column comes from, what it feeds, and events for a lineage server."""

from datetime import date, datetime
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cartlake import contracts
from cartlake.contracts import Table
from cartlake.lineage.columns import CompiledSources
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.contracts.readers import readers_of
from cartlake_cli.errors import CommandError, NotFoundError
from cartlake_cli.lineage.columns import ColumnGraph, Direction, Step
from cartlake_cli.lineage.resending import send_again
from cartlake_cli.named_tables import named_table
from cartlake_cli.options import Json

SHOW = "show"


class ShowByDefault(TyperGroup):
    """`lake lineage TABLE` is `lake lineage show TABLE`."""

    default_command = SHOW

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `show` before arguments that begin with no command of the group."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [self.default_command, *args]
        return list(super().parse_args(ctx, args))


lineage_app = typer.Typer(
    cls=ShowByDefault,
    help="Show where a column comes from and what it feeds; send events to a lineage server again.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add `lake lineage`."""
    lineage_app.command(SHOW)(show)
    lineage_app.command("send")(send)
    app.add_typer(lineage_app, name="lineage")


def show(
    context: typer.Context,
    table: Annotated[str, typer.Argument(help="A table, with or without its database.")],
    column: Annotated[str | None, typer.Option("--column", "-c", help="Follow this column, over all steps.")] = None,
    upstream: Annotated[bool, typer.Option("--upstream", help="Only what it is made of.")] = False,
    downstream: Annotated[bool, typer.Option("--downstream", help="Only what it feeds.")] = False,
    json: Json = False,
) -> None:
    """Show what the columns of a table are made of and what they feed, down to files and up to queries."""
    lake = lake_of(context)
    found = named_table(table)[1]
    if column is not None:
        check_column(found, column)
    graph = column_graph(lake)
    name = found.physical_name
    steps = {
        way: graph.trace(name, column, way) if column else graph.of_table(name, way)
        for way in ways_of(upstream=upstream, downstream=downstream)
    }
    if lake.output.as_json:
        lake.output.json({way: [_row(step) for step in of] for way, of in steps.items()})
        return
    for way, of in steps.items():
        print_steps(lake, f"{name}.{column}" if column else name, way, of)


def ways_of(*, upstream: bool, downstream: bool) -> tuple[Direction, ...]:
    """Return the directions that are asked for: both, unless one is named."""
    if upstream == downstream:
        return ("upstream", "downstream")
    return ("upstream",) if upstream else ("downstream",)


def column_graph(lake: Lake) -> ColumnGraph:
    """Return the columns of the contracts, transforms and queries of the checkout."""
    from cartlake_cli.light_queries.column_lineage import compiled_sources  # noqa: PLC0415 - only checkouts have it

    with lake.output.messages.status("Reading contracts, transforms and queries"):
        compiled = CompiledSources.model_validate_json(compiled_sources(lake.root).read_text())
        described = contracts.load_all()
        return ColumnGraph.of(described, compiled, readers_of(lake.root, described))


def check_column(table: Table, column: str) -> None:
    """Raises NotFoundError, with the columns there are, for one that the table does not have."""
    names = [known.name for known in table.columns]
    if column not in names:
        raise NotFoundError(f"{table.physical_name} has no column {column!r}. It has: {', '.join(names)}.")


def print_steps(lake: Lake, what: str, way: Direction, steps: list[Step]) -> None:
    """Print the steps as a table, or in a sentence that there are none."""
    if steps:
        headings = ["step", "column", "made of" if way == "upstream" else "feeds", "how"]
        rows = [dict(zip(headings, _row(step).values(), strict=True)) for step in steps]
        title = f"What {what} is made of" if way == "upstream" else f"What {what} feeds"
        lake.output.records(title, headings, rows)
    elif way == "upstream":
        lake.output.say(f"{what} is made of no column: it counts rows, is a constant, or is made by the lake.")
    else:
        lake.output.say(f"Nothing of the lake is made of {what}, and no named query or view reads it.")


def send(
    context: typer.Context,
    url: Annotated[
        str,
        typer.Option(envvar="CARTLAKE_LINEAGE_URL", help="The server, e.g. http://marquez.internal:5000."),
    ],
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="All runs since this day, sent before or not."),
    ] = None,
    json: Json = False,
) -> None:
    """Send events of runs that a lineage server did not take, or all since a day. Exits with 1 if it refuses again."""
    lake = lake_of(context)
    lake.connect()
    day: date | None = since.date() if since else None
    done = send_again(lake.outputs.buckets["artifacts"], url, day)
    if lake.output.as_json:
        lake.output.json(vars(done))
    else:
        lake.output.say(f"Sent the events of {len(done.sent)} runs to {url}.")
        for run_id in done.without_events:
            lake.output.say(f"  {run_id} has no events in S3: they have expired, or could not be written.")
    if done.fault:
        raise CommandError(f"{len(done.left)} runs are left: {done.fault} Run this again once the server answers.")


def _row(step: Step) -> dict[str, Any]:
    other = f"{step.other}.{step.other_column}" if step.other_column else step.other
    return {"depth": step.depth, "column": f"{step.table}.{step.column}", "other": other, "how": step.how}
