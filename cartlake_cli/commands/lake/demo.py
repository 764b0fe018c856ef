"""`lake demo`: starts a lake, loads generated files, and compares every row with what was generated.

It runs the same commands as a user would type, and prints each.
"""

import io
import json as jsonlib
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cartlake_cli.commands.local.home import only_one
from cartlake_cli.commands.runs.drop import wait_until_processed
from cartlake_cli.commands.tables.query import run_query, show
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import CommandError
from cartlake_cli.operations.manifest_check import COLUMNS, reconcile_datasets, reconcile_world
from cartlake_cli.operations.upload import files_by_dataset, upload
from cartlake_cli.options import Json

QUERIES = ("daily_kpis", "conversion_funnel")
SEED = 7
ROWS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Options:
    """The size and the last day of the generated data."""

    days: int
    orders_per_day: int
    end_date: datetime | None

    @property
    def last_day(self) -> date:
        """Return the last day, yesterday if none was chosen."""
        return self.end_date.date() if self.end_date else datetime.now(UTC).date() - timedelta(days=1)


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    context: typer.Context,
    days: Annotated[int, typer.Option(min=2, help="Days, a file each.")] = 7,
    orders_per_day: Annotated[int, typer.Option(min=10, help="Orders a day; each has about 11 events.")] = 300,
    end_date: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day; yesterday, if not given.")
    ] = None,
    streaming: Annotated[
        bool,
        typer.Option("--streaming", help="Instead send the orders of the last day to Kafka, and watch tables follow."),
    ] = False,
    json: Json = False,
) -> None:
    """Start the lake, load a week of a shop's files with known errors, check every row, query the marts."""
    lake = lake_of(context)
    # Two demos at once would load the same files, and neither could tell its rows from the other's.
    with only_one(lake.home, "demo"):
        if streaming:
            _stream(context, lake, Options(1, orders_per_day, end_date))
            return
        _demo(context, lake, Options(days, orders_per_day, end_date))


def _demo(context: typer.Context, lake: Lake, options: Options) -> None:
    days, orders_per_day, end_date = options.days, options.orders_per_day, options.end_date
    seconds: dict[str, float] = {}
    with _timed(seconds, "up"):
        _type(context, "up")
    until = f"-until-{end_date.date()}" if end_date else ""
    folder = lake.home / "demo" / f"{days}-days-{orders_per_day}-orders{until}"
    world = {"--days": days, "--orders-per-day": orders_per_day, "--seed": SEED, "--end-date": options.last_day}
    with _timed(seconds, "generate"):
        _generate(context, lake, folder, world)
    manifest = jsonlib.loads((folder / "manifest.json").read_text())
    lake.output.say(f"\n[dim]$[/dim] [bold]lake drop all {_shown(folder)} --wait[/bold]")
    with _timed(seconds, "load"):
        chosen = files_by_dataset("all", [folder])
        files = wait_until_processed(lake, {dataset: upload(lake, dataset, paths) for dataset, paths in chosen.items()})
    with _timed(seconds, "reconcile"):
        datasets = reconcile_datasets(lake, manifest, files)
        facts = reconcile_world(lake, manifest)
    with _timed(seconds, "query"):
        since = f"first_day={manifest['arguments']['start_date']}"
        results = {query: run_query(lake, query, [since]) for query in QUERIES}
    held = all(line["holds"] for line in [*datasets, *facts])
    if lake.output.as_json:
        answers = {query: result.records() for query, result in results.items()}
        lake.output.json({"held": held, "datasets": datasets, "world": facts, "seconds": seconds, **answers})
    else:
        lake.output.records("Every row, by where it went", COLUMNS, datasets)
        lake.output.records("What was generated, and what the lake found", ["what", "planted", "found", "holds"], facts)
        for query, result in results.items():
            lake.output.say(f"\n[dim]$[/dim] [bold]lake query {query} -p {since}[/bold]")
            show(lake, query, result, most=ROWS_SHOWN)
        _say_next(lake, seconds)
    if not held or not all(result.rows for result in results.values()):
        raise CommandError(
            "Some counts differ from what was generated. See the lines above with `no`, `lake runs` and `lake logs`."
        )


def _stream(context: typer.Context, lake: Lake, options: Options) -> None:
    from cartlake_cli.commands.runs.streaming_demo import Day, show_stream  # noqa: PLC0415 - Kafka's client

    _type(context, "up", "--with-kafka")
    shown = show_stream(lake, Day(options.last_day, options.orders_per_day, SEED))
    lake.output.record("What became of the messages", shown)
    lake.output.say("\n[green]Every message is accounted for.[/green] Kafka and the lake go on running. Try next:")
    lake.output.say("  lake produce clickstream       send clicks, an hour of them each minute")
    lake.output.say("  lake stream clickstream        read what is new in the topic")
    lake.output.say("  lake streams orders            hold its offsets against rows")
    lake.output.say("  lake down                      stop both; data and messages stay in .lake/")


def _generate(context: typer.Context, lake: Lake, folder: Path, world: dict[str, Any]) -> None:
    """Generate the files, unless an earlier demo left the same ones; those are loaded again and are duplicates."""
    if (folder / "manifest.json").exists():
        lake.output.say(f"\nThe files of the last demo are still in {_shown(folder)}; they are uploaded again.")
        return
    written = [str(part) for option in world.items() for part in option]
    _type(context, "generate", "all", *written, "--out", str(_shown(folder)))


def _shown(folder: Path) -> Path:
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def _type(context: typer.Context, name: str, *arguments: str) -> None:
    """Run another command of this command line, shown as a user would type it."""
    application = context.find_root().command
    command = application.get_command(context, name) if isinstance(application, TyperGroup) else None
    if command is None:
        raise CommandError(f"The command `lake {name}` is not installed. Run `make setup`.")
    lake = lake_of(context)
    lake.output.say(f"\n[dim]$[/dim] [bold]lake {' '.join([name, *arguments])}[/bold]")
    # With --json the demo prints one document, so the output of the inner commands is dropped.
    quiet = redirect_stdout(io.StringIO()) if lake.output.as_json else nullcontext()
    with quiet, command.make_context(name, list(arguments), parent=context.find_root()) as inner:
        command.invoke(inner)


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    seconds[name] = round(time.monotonic() - started, 2)


def _say_next(lake: Lake, seconds: dict[str, float]) -> None:
    say = lake.output.say
    say("\n[green]Every row is accounted for.[/green] " + ", ".join(f"{k} {v:.1f} s" for k, v in seconds.items()))
    say("\nThe lake goes on running. Try next:")
    say("  source .venv/bin/activate      puts lake on your PATH")
    say("  lake dashboard                 its numbers in a browser: sales, funnel, customers, products, trust")
    say("  lake runs                      what each run read, published and quarantined")
    say("  lake quarantine list           the dirty rows, by the rule they broke")
    say("  lake run show RUN              one run: tables rebuilt, rules broken, seconds")
    say("  lake query top_products        another named query; `lake queries` lists them")
    say("  lake recompute all --check     compare every built table with a rebuilt copy")
    say('  eval "$(lake env)"             now any AWS client works against the lake:')
    say(f"  aws s3 ls s3://{lake.outputs.buckets['raw']}/incoming/")
    say("  lake down                      stop it; the data stays in .lake/")
