"""`lake generate`: write generated files. numpy and Arrow are imported only when it runs."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cartlake_cli.context import lake_of
from cartlake_cli.errors import NotFoundError
from cartlake_cli.options import Json
from cartlake_cli.output import Output

if TYPE_CHECKING:
    from generators.manifests.transactions import Manifest
    from generators.manifests.world import WorldManifest

SINGLE: Final = "transactions"
WORLD: Final = "all"
DATASETS: Final = (SINGLE, WORLD, "customers", "vendors", "products", "fx_rates", "clickstream", "reviews")
DAY_FORMAT: Final = "%Y-%m-%d"


class Format(StrEnum):
    """File formats the lake accepts."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


def register(app: typer.Typer) -> None:
    """Add `generate` to the command line."""
    app.command()(generate)


def generate(  # one parameter for each option of the command
    context: typer.Context,
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help=f"One of: {', '.join(DATASETS)}.")],
    *,
    rows: Annotated[
        int | None,
        typer.Option(min=1, help="Transactions: rows of the daily files, dirty ones included; 100,000 by default."),
    ] = None,
    orders_per_day: Annotated[
        int | None, typer.Option(min=1, help="All but transactions: orders a day; 2,000 by default.")
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, help="Days, a file each; by default 90, or 30 of transactions.")
    ] = None,
    start_date: Annotated[
        datetime | None, typer.Option(formats=[DAY_FORMAT], help="All but transactions: the first day.")
    ] = None,
    end_date: Annotated[
        datetime | None, typer.Option(formats=[DAY_FORMAT], help="The last day; yesterday (UTC) by default.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed and options give the same bytes.")] = 42,
    dirty: Annotated[float, typer.Option(min=0.0, max=0.5, help="Share of dirty rows, 0 to 0.5.")] = 0.01,
    out: Annotated[
        Path | None, typer.Option(file_okay=False, help="Directory; .lake/generated/DATASET by default.")
    ] = None,
    file_format: Annotated[Format, typer.Option("--format", help="Format of the files.")] = Format.CSV,
    gzip: Annotated[bool, typer.Option("--gzip/--no-gzip", help="Compress csv and jsonl files.")] = False,
    duplicate_file: Annotated[
        bool,
        typer.Option(
            "--duplicate-file/--no-duplicate-file", help="Transactions: also a copy of one file under another name."
        ),
    ] = False,
    late_file: Annotated[
        bool, typer.Option("--late-file/--no-late-file", help="Transactions: also updates and old versions of lines.")
    ] = False,
    late_rates: Annotated[
        bool, typer.Option("--late-rates/--no-late-rates", help="All but transactions: some exchange rates come late.")
    ] = False,
    price_demand: Annotated[
        bool,
        typer.Option(
            "--price-demand/--no-price-demand", help="All but transactions: demand answers to prices and seasons."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Write realistic files with known errors, and manifest.json: what is in them and the expected result.

    `transactions` writes that dataset alone, by number of rows. `all` writes seven datasets that agree with each other,
    by orders a day; the name of another dataset writes only that one of the seven.
    """
    if dataset not in DATASETS:
        raise NotFoundError(f"There is no generator for {dataset!r}, only for: {', '.join(DATASETS)}.")
    options: dict[str, Any] = {"seed": seed, "dirty": dirty, "file_format": file_format.value, "compressed": gzip}
    options |= {"end_date": end_date.date() if end_date else None}
    for_single: dict[str, Any] = {"rows": rows, "duplicate_file": duplicate_file, "late_file": late_file}
    for_world: dict[str, Any] = {
        "orders_per_day": orders_per_day,
        "late_rates": late_rates,
        "price_demand": price_demand,
    }
    for_world |= {"start_date": start_date.date() if start_date else None}
    own, others = (for_single, for_world) if dataset == SINGLE else (for_world, for_single)
    refuse(dataset, others)
    options |= {name: value for name, value in (own | {"days": days}).items() if value}
    output, directory = lake_of(context).output, out or lake_of(context).home / "generated" / dataset
    make = make_transactions if dataset == SINGLE else make_world
    try:
        manifest = make(output, directory, dataset, options)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if as_json:
        output.json({"directory": str(directory), "manifest": manifest})


def refuse(dataset: str, options: Mapping[str, object]) -> None:
    """Raise BadParameter when options are given that this dataset does not have."""
    given = [f"--{name.replace('_', '-')}" for name, value in options.items() if value]
    if given:
        other = f"`lake generate {SINGLE if dataset != SINGLE else WORLD}`"
        raise typer.BadParameter(f"{dataset} takes no {', '.join(given)}: leave it out, or run {other}.")


def over(last: date) -> date:
    """Return the day. Raises ValueError when it is not over in UTC."""
    if last >= datetime.now(UTC).date():
        raise ValueError(f"{last} is not over yet in UTC; its orders would be in the future.")
    return last


def make_transactions(output: Output, directory: Path, dataset: str, options: dict[str, Any]) -> "Manifest":
    from generators.times import yesterday  # noqa: PLC0415
    from generators.transactions import generate_transactions  # noqa: PLC0415 - see the module

    options["end_date"] = over(options["end_date"] or yesterday())
    manifest = generate_transactions(directory, **options)
    if not output.as_json:  # with --json, `generate` prints the manifest itself
        output.record(f"{dataset} in {directory}", summary(manifest))
    return manifest


def summary(manifest: "Manifest") -> dict[str, str | int]:
    """Return what the lake should do with the files, by name."""
    expected = manifest.expected_rows
    return {
        "files": len(manifest.files),
        "size": megabytes(sum(file.size for file in manifest.files)),
        "rows to be read": expected.read,
        "to be quarantined": expected.quarantined,
        "rows in the table": manifest.expected_table.rows,
        "kinds of dirt": len(manifest.dirt),
        "files never read (duplicates)": expected.duplicate_files,
    }


def make_world(output: Output, directory: Path, dataset: str, options: dict[str, Any]) -> "WorldManifest":
    from generators.world import DEFAULT_WORLD_DAYS, first_day, generate_world, last_day  # noqa: PLC0415 - the module

    start, end = options.get("start_date"), options["end_date"]
    days = options.setdefault("days", (end - start).days + 1 if start and end else DEFAULT_WORLD_DAYS)
    over(last_day(first_day(days, start, end), days))
    if dataset != WORLD:
        options["datasets"] = [dataset]
    with progress(output, days) as on_day:
        manifest = generate_world(directory, **options, on_day=on_day)
    if not output.as_json:
        output.records(f"World of {days} days in {directory}", COLUMNS, dataset_rows(manifest))
        output.record("What the lake must find", world_summary(manifest))
        output.say(f"[dim]Everything planted is in {directory / 'manifest.json'}[/dim]")
    return manifest


COLUMNS: Final = ("dataset", "files", "size", "rows", "dirty", "keys", "kinds")


def dataset_rows(manifest: "WorldManifest") -> list[dict[str, str | int]]:
    values = (
        (
            *(name, len(truth.files), megabytes(sum(file.size for file in truth.files))),
            *(truth.rows, truth.expected_quarantined, truth.keys, len(truth.dirt)),
        )
        for name, truth in manifest.datasets.items()
    )
    return [dict(zip(COLUMNS, row, strict=True)) for row in values]


def world_summary(manifest: "WorldManifest") -> dict[str, str | int]:
    orders, visits, people, reviews = manifest.orders, manifest.visits, manifest.people, manifest.reviews
    return {
        "days": f"{manifest.arguments.start_date} to {manifest.arguments.end_date}",
        "orders": f"{orders.orders:,} ({orders.cancelled:,} cancelled, {orders.returned:,} with returns)",
        "sessions of people": f"{visits.sessions:,} ({visits.purchases:,} with a purchase)",
        "robots": sum(visits.robots.values()),
        "people": f"{people.people:,} ({len(people.duplicates):,} with records in several systems)",
        "reviews": f"{reviews.reviews:,} ({len(reviews.personal_data):,} with personal data or decoys)",
    }


def megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


@contextmanager
def progress(output: Output, days: int) -> Iterator[Callable[[int], None]]:
    """Show the days done on standard error; yields the function to call with their number."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=output.messages, transient=True, disable=output.as_json)
    with bar:
        task = bar.add_task("Days", total=days)
        yield lambda done: bar.update(task, completed=done)
