"""A whole world through the whole lake: from the first file dropped to the last table rebuilt, and one more day on top.

Worlds are generated once with a day more than is loaded first; the files of that last day are the increment. Each world
gets a lake of its own, deployed by the real Terraform to the embedded AWS, with nothing else in it.
"""

import os
import shutil
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from cartlake.aws import clients as aws
from cartlake.ledger import FileState
from cartlake.runs.documents import RefreshReport
from cartlake.runs.ids import Workflow
from cartlake_cli.commands.local import emulator
from cartlake_cli.commands.local.up import bring_up
from cartlake_cli.commands.runs.drop import wait_until_processed
from cartlake_cli.context import Lake
from cartlake_cli.environments import LOCAL
from cartlake_cli.operations.run_documents import run_document
from cartlake_cli.operations.upload import upload
from cartlake_cli.output import Output
from generators.world import generate_world

CHECKOUT = Path(__file__).resolve().parents[1]
COPIED = (
    "contracts",
    "cartlake",
    "lambdas",
    "glue_jobs",
    "state_machines",
    "athena_queries",
    "terraform",
    "requirements",
)
ORDERS_PER_DAY = int(os.environ.get("CARTLAKE_BENCH_ORDERS", "2000"))
SEED = 7
LAST_DAY = date(2026, 11, 15)
MOST_INCREMENT = 0.1


@dataclass(frozen=True)
class Load:
    """A load of some files: seconds until every table was rebuilt, rows read, job starts, peak memory."""

    seconds: float
    rows: int
    job_starts: Counter[str]
    table_seconds: dict[str, float]
    peak_mb: float


def measure() -> list[dict[str, Any]]:
    """The world of 90 days, and one day more on top of it."""
    whole, day = load_world(90, ORDERS_PER_DAY)
    slowest = sorted(whole.table_seconds.items(), key=lambda item: -item[1])
    return [
        as_measure("world_90d_seconds", whole.seconds, "s"),
        as_measure("world_90d_rows", whole.rows, "rows"),
        as_measure("world_rows_per_s", whole.rows / whole.seconds, "rows/s"),
        as_measure("world_90d_peak_memory_mb", whole.peak_mb, "MB"),
        *(as_measure(f"world_90d_job_starts_{job}", starts, "starts") for job, starts in whole.job_starts.items()),
        *(as_measure(f"world_90d_table_seconds_{table}", seconds, "s") for table, seconds in slowest),
        as_measure("increment_seconds", day.seconds, "s"),
        *(as_measure(f"increment_job_starts_{job}", starts, "starts") for job, starts in day.job_starts.items()),
        as_measure("increment_over_full", day.seconds / whole.seconds, "x", MOST_INCREMENT),
    ]


def load_world(days: int, orders_per_day: int) -> tuple[Load, Load]:
    """Load a world of `days` days, then one more day, into a new lake."""
    with TemporaryDirectory() as folder, new_lake(Path(folder) / "checkout") as lake:
        world = Path(folder) / "world"
        generate_world(world, days=days + 1, orders_per_day=orders_per_day, seed=SEED, end_date=LAST_DAY)
        files = sorted(path for path in world.glob("*/*") if path.is_file())
        last = [path for path in files if str(LAST_DAY) in path.name]
        first = [path for path in files if path not in set(last)]
        return load_files(lake, first), load_files(lake, last)


def load_files(lake: Lake, files: list[Path]) -> Load:
    """Drop files of several datasets and wait until what is built from them is rebuilt."""
    started_runs = {run.run_id for run in lake.ledger.runs.list(Workflow.REFRESH)}
    jobs_before = job_starts(lake)
    by_dataset: dict[str, list[Path]] = {}
    for file in files:
        by_dataset.setdefault(file.parent.name, []).append(file)
    with peak_memory(lake) as peak:
        started = time.monotonic()
        processed = wait_until_processed(
            lake, {dataset: upload(lake, dataset, paths) for dataset, paths in by_dataset.items()}
        )
        seconds = time.monotonic() - started
    if lost := [file.key for file in processed if file.state is not FileState.LOADED]:
        raise RuntimeError(f"{len(lost)} files were not loaded, the first is {lost[0]}.")
    runs = {str(file.run_id) for file in processed}
    counts = [run.counts.read for run in map(lake.ledger.runs.get, runs) if run and run.counts]
    refreshed = [
        run for run in lake.ledger.runs.list(Workflow.REFRESH) if run.run_id not in started_runs and run.report_uri
    ]
    return Load(
        seconds=seconds,
        rows=sum(counts),
        job_starts=job_starts(lake) - jobs_before,
        table_seconds=table_seconds(lake, [run.run_id for run in refreshed]),
        peak_mb=peak[0],
    )


def job_starts(lake: Lake) -> Counter[str]:
    glue = lake.client("glue")
    return Counter(
        {job: len(glue.get_job_runs(JobName=name)["JobRuns"]) for job, name in lake.outputs.glue_jobs.items()}
    )


def table_seconds(lake: Lake, runs: list[str]) -> dict[str, float]:
    found: defaultdict[str, float] = defaultdict(float)
    for run in runs:
        for table in RefreshReport.model_validate_json(run_document(lake, run, "refresh")).tables:
            found[table.table] += table.seconds
    return {table: round(seconds, 2) for table, seconds in found.items()}


@contextmanager
def new_lake(root: Path) -> Iterator[Lake]:
    """Deploy an empty lake from a copy of this checkout; stop it at the end."""
    for name in COPIED:
        shutil.copytree(
            CHECKOUT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", ".terraform", "*.tfstate*")
        )
    (root / ".cache").symlink_to(CHECKOUT / ".cache")
    environment = dict(os.environ)
    os.environ["CARTLAKE_CHECKOUT"] = str(root)
    aws.client.cache_clear()
    lake = Lake(LOCAL, Output(as_json=True), root=root)
    try:
        bring_up(lake)
        yield lake
    finally:
        emulator.stop(root)
        aws.client.cache_clear()
        os.environ.clear()
        os.environ |= environment


@contextmanager
def peak_memory(lake: Lake) -> Iterator[list[float]]:
    """The most memory (MB, resident) the embedded AWS, its functions and its Spark workers held together."""
    peak: list[float] = [0.0]
    done, running = threading.Event(), emulator.status(lake.root)

    def watch() -> None:
        while running is not None and not done.wait(0.5):
            peak[0] = max(peak[0], resident_mb(running.pid))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


def resident_mb(root_pid: int) -> float:
    """Sum the resident memory of a process and all below it, from /proc."""
    parents: dict[int, int] = {}
    resident: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            parents[int(entry.name)] = int(fields[1])
            resident[int(entry.name)] = int(fields[21])
        except (OSError, IndexError):
            continue  # it ended meanwhile
    family = {root_pid}
    while grown := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= grown
    return sum(resident.get(pid, 0) for pid in family) * os.sysconf("SC_PAGE_SIZE") / 1e6


def as_measure(name: str, value: float, unit: str, aim: float | None = None) -> dict[str, Any]:
    rounded = round(value, 3)
    return {"name": name, "value": rounded, "unit": unit, "aim": aim, "runs": [rounded]}


def of_runs(name: str, runs: list[float], unit: str, aim: float | None = None) -> dict[str, Any]:
    """The median of some runs, with each of them."""
    return {**as_measure(name, median(runs), unit, aim), "runs": [round(run, 2) for run in runs]}
