"""The light engine beside DuckDB alone: the same files of order lines, loaded into an Iceberg table or just rewritten.

Each load and each bare copy is a process of its own, so that its peak of memory is its own; they alternate. Each is
warm, as a function that runs often is: a few lines went through the same process before. A load does
all of `dataset_etl`: split, conform, judge, quarantine, deduplicate, merge onto a branch, count, measure. The bare copy
reads the same objects as text and writes one Parquet file to the disk. Queries are compiled, as in the functions.
"""

import json
import multiprocessing
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.world import CHECKOUT, as_measure, of_runs
from cartlake import contracts
from cartlake.aws.clients import client
from cartlake.runs.documents import FileFormat, Manifest, ManifestFile
from cartlake.runs.ids import new_run_id
from cartlake.tables.catalog import load_catalog
from cartlake.times import utc_now
from cartlake_cli.commands.local import emulator
from cartlake_cli.context import local_variables
from cartlake_cli.light_queries.compiling import compiled_queries
from cartlake_cli.migrations.migrate import apply
from cartlake_cli.migrations.placement import Placement
from generators.transactions import generate_transactions
from glue_jobs.dataset_etl.pipeline import load_files
from glue_jobs.dataset_etl.tasks import TableNames, open_run
from glue_jobs.engines.duckdb.compiled import queries
from glue_jobs.engines.duckdb.engine import duckdb_engine
from glue_jobs.engines.duckdb.session import open_session

ROWS = int(os.environ.get("CARTLAKE_BENCH_ROWS", "600000"))
REPEATS = int(os.environ.get("CARTLAKE_BENCH_REPEATS", "5"))
WARM_UP_ROWS = 200
WARM_UP = 1000
"""Numbers of the runs that come before the measured ones, from here on."""
MEMORY_MB = 1024
MOST_OVER_BARE = 3.5
CONTRACT = contracts.load("transactions")
DATABASES = ("processed", "ops")

Work = Callable[[list[ManifestFile], int], None]


def measure() -> list[dict[str, Any]]:
    """The ratio of a load to a bare copy, seconds of both, and the peak of memory of a load and of a year in a file."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        emulator.start(root)
        try:
            os.environ.update(local_variables(root))
            client.cache_clear()
            return _measured(root)
        finally:
            emulator.stop(root)
            client.cache_clear()


def _measured(root: Path) -> list[dict[str, Any]]:
    _make_tables()
    few = _upload(root / "few", days=1, rows=WARM_UP_ROWS)
    day, year = _upload(root / "day", days=1), _upload(root / "year", days=365)
    loads, copies, memory = [], [], []
    for number in range(REPEATS):
        seconds, peak = _in_process(_load, few, day, number)
        loads.append(seconds)
        memory.append(peak)
        copies.append(_in_process(_copy, few, day, number)[0])
    of_year = _in_process(_load, few, year, REPEATS)
    ratios = [load / copy for load, copy in zip(loads, copies, strict=True)]
    megabytes = sum(file.size for file in day) / 1e6
    return [
        of_runs("light_over_bare_duckdb", ratios, "x", MOST_OVER_BARE),
        of_runs("light_load_seconds", loads, "s"),
        as_measure("light_load_mb", megabytes, "MB"),
        as_measure("light_peak_memory_mb", max(memory), "MB", MEMORY_MB),
        as_measure("light_year_in_one_file_seconds", of_year[0], "s"),
        as_measure("light_year_in_one_file_peak_memory_mb", of_year[1], "MB", MEMORY_MB),
    ]


def _make_tables() -> None:
    for bucket in ("raw", "tables"):
        client("s3").create_bucket(Bucket=bucket)
    for database in DATABASES:
        load_catalog().create_namespace(database, {"location": f"s3://tables/{database}"})
    apply(load_catalog(), [CONTRACT, contracts.load("ops")], Placement({}, {}))


def _upload(folder: Path, days: int, rows: int = ROWS) -> list[ManifestFile]:
    """Generate order lines, as few files as there are days at most, and upload them as one file."""
    generate_transactions(folder, rows=rows, days=days, seed=days)
    files = sorted(folder.glob("*.csv"))
    header = files[0].read_bytes().partition(b"\n")[0] + b"\n"
    body = header + b"".join(file.read_bytes().removeprefix(header) for file in files)
    key = f"incoming/transactions/{days}-{rows}.csv"
    put = client("s3").put_object(Bucket="raw", Key=key, Body=body)
    columns = [column.name for column in CONTRACT.table.file_columns]
    return [
        ManifestFile(
            file_id=f"{days:016x}{rows:016x}",
            uri=f"s3://raw/{key}",
            version_id=None,
            etag=put["ETag"].strip('"'),
            size=len(body),
            sha256="",
            format=FileFormat(kind="csv", header=columns, line_is_record=True),
        )
    ]


def _in_process(work: Work, few: list[ManifestFile], files: list[ManifestFile], number: int) -> Any:
    """Return the seconds of the work, and the MB of memory that a process of its own took at most."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    known = [[file.model_dump_json() for file in some] for some in (few, files)]
    process = context.Process(target=_timed, args=(work, *known, number, sender))
    process.start()
    found = receiver.recv()
    process.join()
    return json.loads(found)


def _timed(work: Work, few: list[str], files: list[str], number: int, sender: Any) -> None:
    queries().known |= json.loads(compiled_queries(CHECKOUT).read_text())
    first, known = ([ManifestFile.model_validate_json(file) for file in some] for some in (few, files))
    work(first, number + WARM_UP)
    begun = time.monotonic()
    work(known, number)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sender.send(json.dumps([time.monotonic() - begun, peak]))


def _load(files: list[ManifestFile], number: int) -> None:
    """Load the files onto a branch of their table; nothing is published, so every load has the same to do."""
    run_id = new_run_id(CONTRACT.name, utc_now(), f"{number:06x}")
    manifest = Manifest(
        run_id=run_id, dataset=CONTRACT.name, contract_version=CONTRACT.version, created_at="", files=files
    )
    with duckdb_engine(run_id, MEMORY_MB) as engine:
        load_files(open_run(manifest, engine, TableNames("lake", "", "ops.quarantine_rows", "ops.quality_results")))


def _copy(files: list[ManifestFile], _number: int) -> None:
    listed = ", ".join(f"'{file.uri}'" for file in files)
    with open_session(MEMORY_MB) as session:
        session.execute(
            f"copy (select * from read_csv([{listed}], all_varchar = true, header = true, null_padding = true, "
            f"strict_mode = false)) to '{session.folder / 'copy.parquet'}' (format parquet, compression zstd)"
        )
