"""Ten thousand tiny files at once: how long until all of their rows are in the table, and how many runs that takes.

CARTLAKE_BENCH_FILES makes it fewer.
"""

import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.world import as_measure, job_starts, new_lake, peak_memory
from cartlake.ledger import FileState
from cartlake_cli.athena.client import athena_of
from cartlake_cli.commands.runs.drop import wait_until_processed
from cartlake_cli.operations.upload import upload
from generators.transactions import generate_transactions

FILES = int(os.environ.get("CARTLAKE_BENCH_FILES", "10000"))
LINES_OF_A_FILE = 2


def measure() -> list[dict[str, Any]]:
    """Drop the files into a new lake; raises RuntimeError unless every file was loaded once and every line is there."""
    with TemporaryDirectory() as folder, new_lake(Path(folder) / "checkout") as lake:
        files = tiny_files(Path(folder) / "files")
        starts_before = job_starts(lake)
        with peak_memory(lake) as peak:
            started = time.monotonic()
            processed = wait_until_processed(lake, {"transactions": upload(lake, "transactions", files)})
            seconds = time.monotonic() - started
        starts = job_starts(lake) - starts_before
        runs = {file.run_id for file in processed if file.state is FileState.LOADED}
        stored = athena_of(lake).run("select count(*) from processed.transactions").scalar()
        if {file.state for file in processed} != {FileState.LOADED} or stored != str(FILES * LINES_OF_A_FILE):
            raise RuntimeError(f"{FILES} files of {LINES_OF_A_FILE} lines became {stored} rows.")
    return [
        as_measure("tiny_files", FILES, "files"),
        as_measure("tiny_files_seconds", seconds, "s"),
        as_measure("tiny_files_per_s", FILES / seconds, "files/s"),
        as_measure("tiny_files_runs", len(runs), "runs"),
        *(as_measure(f"tiny_files_job_starts_{job}", count, "starts") for job, count in starts.items()),
        as_measure("tiny_files_peak_memory_mb", peak[0], "MB"),
    ]


def tiny_files(folder: Path) -> list[Path]:
    """One generated day of order lines, cut into files of a few lines each."""
    generate_transactions(folder, rows=FILES * LINES_OF_A_FILE, days=1, seed=7, dirty=0.0)
    [path] = folder.glob("*.csv")
    header, *lines = path.read_text().splitlines()
    for number in range(FILES):
        some = lines[number * LINES_OF_A_FILE : (number + 1) * LINES_OF_A_FILE]
        (folder / f"tiny-{number:05d}.csv").write_text("\n".join([header, *some, ""]))
    return sorted(folder.glob("tiny-*.csv"))
