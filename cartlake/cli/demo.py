"""`lake demo`: the main job of the lake, whole, with commands anyone can type, and every count checked."""

import io
import json as jsonlib
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cartlake.athena import literal
from cartlake.cli.context import Lake, lake_of
from cartlake.cli.drop import upload
from cartlake.cli.errors import CommandError
from cartlake.cli.follow import follow_files
from cartlake.cli.options import Json
from cartlake.cli.query import athena_of, show, sql_of
from cartlake.ledger import FileRecord, FileState

DATASET = "transactions"
QUERY = "daily_kpis"
SETTLED_WELL = {FileState.LOADED, FileState.DUPLICATE}
ROWS_SHOWN = 10
COUNTS = ("read", "published", "quarantined", "duplicate")


@dataclass
class Reconciliation:
    """What was planted beside what was found; `held` only if every line agrees."""

    lines: list[dict[str, Any]] = field(default_factory=list)

    @property
    def held(self) -> bool:
        return all(line["holds"] for line in self.lines)

    def add(self, what: str, expected: object, found: object, *, holds: bool) -> None:
        self.lines.append({"what": what, "expected": str(expected), "found": str(found), "holds": holds})

    def equal(self, what: str, expected: object, found: object) -> None:
        self.add(what, expected, found, holds=expected == found)

    def within(self, what: str, bounds: dict[str, int], found: int) -> None:
        low, high = bounds["min"], bounds["max"]
        self.add(what, low if low == high else f"{low} to {high}", found, holds=low <= found <= high)


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    context: typer.Context,
    rows: Annotated[int, typer.Option(min=1_000, help="Order lines to generate.")] = 100_000,
    days: Annotated[int, typer.Option(min=2, help="Days, one file each.")] = 30,
    json: Json = False,
) -> None:
    """Start the lake, drop a month of orders with known dirt, reconcile every row, run the first query."""
    lake = lake_of(context)
    seconds: dict[str, float] = {}
    with _timed(seconds, "up"):
        _type(context, "up")
    folder = lake.home / "demo"
    with _timed(seconds, "generate"):
        _type(context, "generate", *_arguments(rows, days, folder))
    manifest = jsonlib.loads((folder / "manifest.json").read_text())
    lake.output.say(f"\n[dim]$[/dim] [bold]lake drop {DATASET} {_shown(folder)}/*.csv --wait[/bold]")
    with _timed(seconds, "load"):
        dropped = upload(lake, DATASET, [folder / file["name"] for file in manifest["files"]])
        files = follow_files(lake, DATASET, [file["file_id"] for file in dropped])
    with _timed(seconds, "reconcile"):
        reconciliation = reconcile(lake, manifest, files)
    with _timed(seconds, "query"):
        result = athena_of(lake).run(sql_of(lake, QUERY))
    if lake.output.as_json:
        summary = {"held": reconciliation.held, "checks": reconciliation.lines, "seconds": seconds}
        lake.output.json({**summary, QUERY: result.records()})
    else:
        lake.output.records(
            "What was planted, and what the lake made of it",
            ["what", "expected", "found", "holds"],
            reconciliation.lines,
        )
        lake.output.say(f"\n[dim]$[/dim] [bold]lake query {QUERY}[/bold]")
        show(lake, QUERY, result, most=ROWS_SHOWN)
        _say_next(lake, seconds)
    if not reconciliation.held or not result.rows:
        raise CommandError("The demo did not hold: see the lines above that say no, then `lake runs` and `lake logs`.")


def reconcile(lake: Lake, manifest: dict[str, Any], files: list[FileRecord]) -> Reconciliation:
    """Compare the generator's manifest with the ledger, the quarantine table and the published table.

    Files dropped again are known by their content: their rows were counted by the run that loaded them first.
    Raises CommandError when a run also loaded other files, whose rows cannot be told apart.
    """
    run_ids = loading_runs(lake, files)
    counts = _summed(lake, run_ids)
    expected, found = manifest["expected_rows"], Reconciliation()
    found.equal("files loaded or known", len(files), sum(file.state in SETTLED_WELL for file in files))
    found.equal("rows read", expected["read"], counts["read"])
    found.equal("rows quarantined", expected["quarantined"], counts["quarantined"])
    found.within("rows published", expected["published"], counts["published"])
    found.within("rows recognised as duplicates", expected["duplicate"], counts["duplicate"])
    found.equal("read = published + quarantined + duplicate", counts["read"], sum(counts[name] for name in COUNTS[1:]))
    _compare_tables(lake, manifest, run_ids, found)
    return found


def loading_runs(lake: Lake, files: list[FileRecord]) -> list[str]:
    """The runs that loaded these files, or the files they repeat."""
    firsts = [_first(lake, file) for file in files]
    unsettled = [file.key for file in firsts if file.state is not FileState.LOADED]
    if unsettled:
        raise CommandError(f"These files were not loaded: {', '.join(unsettled)}. `lake files` says why.")
    run_ids = sorted({str(file.run_id) for file in firsts})
    ours = {file.file_id for file in firsts}
    others = [file.key for run in run_ids for file in lake.ledger.run_files(run) if file.file_id not in ours]
    if others:
        msg = f"The same runs also loaded {', '.join(others)}. Run the demo again when nothing else is dropped."
        raise CommandError(msg)
    return run_ids


def _first(lake: Lake, file: FileRecord) -> FileRecord:
    return lake.ledger.file(file.duplicate_of) if file.duplicate_of else file


def _summed(lake: Lake, run_ids: list[str]) -> dict[str, int]:
    counts = [run.counts for run in map(lake.ledger.run, run_ids) if run and run.counts]
    return {name: sum(getattr(count, name) for count in counts) for name in COUNTS}


def _compare_tables(lake: Lake, manifest: dict[str, Any], run_ids: list[str], found: Reconciliation) -> None:
    databases, athena = lake.outputs.databases, athena_of(lake)
    runs = ", ".join(literal(run_id) for run_id in run_ids)
    table = athena.run(
        "select currency, count(*) as line_count, sum(quantity) as units, sum(line_total) as line_total "  # noqa: S608
        f"from {databases['processed']}.transactions where _run_id in ({runs}) group by currency order by currency"
    )
    for currency, lines, units, total in table.rows:
        planned = manifest["expected_table"]["by_currency"].get(currency, {"rows": 0, "units": 0, "line_total": "0"})
        wanted = f"{planned['rows']} rows, {planned['units']} units, {Decimal(planned['line_total'])}"
        found.equal(
            f"processed.transactions, {currency}", wanted, f"{lines} rows, {units} units, {Decimal(total or 0)}"
        )
    found.equal(
        "rows in processed.transactions",
        manifest["expected_table"]["rows"],
        sum(int(row[1] or 0) for row in table.rows),
    )
    quarantined = athena.run(
        f"select count(*) from {databases['ops']}.quarantine_rows where run_id in ({runs})"  # noqa: S608
    ).scalar()
    found.equal("rows in ops.quarantine_rows", manifest["expected_rows"]["quarantined"], int(quarantined or 0))


def _arguments(rows: int, days: int, folder: Path) -> list[str]:
    """End yesterday, so that no order lies in the future. Each day has its own seed, so that demos never collide."""
    last_day = datetime.now(UTC).date() - timedelta(days=1)
    options = {"--rows": rows, "--days": days, "--seed": f"{last_day:%Y%m%d}", "--dirty": 0.01, "--out": _shown(folder)}
    return [
        DATASET,
        *(str(part) for option in options.items() for part in option),
        "--end-date",
        f"{last_day}",
        "--late-file",
        "--duplicate-file",
    ]


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
    say("  lake runs                      what each run read, published and set aside")
    say("  lake quarantine list           the dirty rows, by the rule they broke")
    say("  lake query top_products        another named query; `lake queries` lists them")
    say('  eval "$(lake env)"             now any AWS client works against the lake:')
    say(f"  aws s3 ls s3://{lake.outputs.buckets['raw']}/incoming/transactions/")
    say("  lake down                      stop it; the data stays in .lake/")
