"""The validator's speed and memory, beside Arrow's CSV reader streaming the same file in the same run.

Each reading is a process of its own, so that its peak memory is its own. Both read the file from the page cache, in
turns, so that the work is compared and not the disk.

    python -m benchmarks.validator            # 100 MB and 2 GB
    python -m benchmarks.validator --mb 100   # one size
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cartlake import contracts
from cartlake.ledger import Content
from lambdas.file_validator.adapters import CHUNK_BYTES
from lambdas.file_validator.content.parquet import ParquetFooter
from lambdas.file_validator.content.rules import rules_of
from lambdas.file_validator.domain import Candidate, examine

MB = 1_000_000
SIZES_MB = (100, 2_000)
RUNS = {100: 5, 2_000: 3}
RATIO_AIM = 1
"""Or more: the validator is no slower than a fast parser, although it hashes every byte."""

MEMORY_AIM_MB = 512
"""Or less: what the function has on AWS."""

BLOCK_ROWS = 20_000


def measure(sizes_mb: tuple[int, ...] = SIZES_MB) -> list[dict[str, Any]]:
    """Speed as a ratio to Arrow's (aim: at least 1), and peak memory in MB, for the largest size of `sizes_mb`."""
    measures: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for size_mb in sizes_mb:
            path = Path(folder) / f"{size_mb}.csv"
            make_file(path, size_mb * MB)
            measures += _measure_file(path, size_mb)
            path.unlink()
    return measures


def _measure_file(path: Path, size_mb: int) -> list[dict[str, Any]]:
    turns = [(_run("validator", path), _run("arrow", path)) for _ in range(RUNS.get(size_mb, 3))]
    ours, arrows = [ours for ours, _ in turns], [arrow for _, arrow in turns]
    ratios = [round(own["mb_per_s"] / other["mb_per_s"], 2) for own, other in turns]
    peaks = [own["peak_rss_mb"] for own in ours]
    suffix = "" if size_mb == max(SIZES_MB) else f"_{size_mb}mb"
    detail = {
        "mb_per_s": [own["mb_per_s"] for own in ours],
        "arrow_mb_per_s": [other["mb_per_s"] for other in arrows],
        "arrow_peak_rss_mb": max(other["peak_rss_mb"] for other in arrows),
        "file_mb": size_mb,
    }
    return [
        {
            "name": f"validator_mb_per_s_over_pyarrow{suffix}",
            "value": round(statistics.median(ratios), 2),
            "unit": "ratio",
            "aim": RATIO_AIM,
            "runs": ratios,
            "detail": detail,
        },
        {
            "name": f"validator_peak_rss_mb{suffix}",
            "value": max(peaks),
            "unit": "MB",
            "aim": MEMORY_AIM_MB,
            "runs": peaks,
            "detail": detail,
        },
    ]


def _run(reader: str, path: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.validator", "--reader", reader, "--file", str(path)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(answer.stdout)
    return measured


def make_file(path: Path, size: int) -> None:
    """Write a good transactions file of about `size` bytes, one block of rows over and over."""
    names = [column.name for column in contracts.load("transactions").table.file_columns]
    block = "".join(_row(n) for n in range(BLOCK_ROWS)).encode()
    with path.open("wb") as file:
        file.write(f"{','.join(names)}\n".encode())
        while file.tell() < size:
            file.write(block)


def _row(n: int) -> str:
    price, quantity = 5 + n % 400, 1 + n % 5
    total = f"{price * quantity * 1.25:.2f}"
    return (
        f"ORD-{n:010X},1,CUS-{n % 9999:07},customer.{n % 9999}@example.com,PRD-{n % 99999:05},shipped,web,card,SE,SEK,"
        f"{quantity},{price}.00,0.00,{price * quantity * 0.25:.2f},{total},"
        f"2026-01-{1 + n % 28:02}T08:30:00Z,2026-01-{1 + n % 28:02}T09:00:00Z\n"
    )


def validate(path: Path) -> int:
    """Judge a file as the function does, from the disk instead of S3. Returns the rows it counted."""
    candidate = Candidate("transactions", "csv", gzip_name=False)
    rules = rules_of(contracts.load("transactions"))
    verdict = examine(candidate, rules, _File(path))
    if not isinstance(verdict, Content):
        raise SystemExit(f"The benchmark's own file was refused: {verdict}")
    return verdict.row_estimate


class _File:
    """A file on the disk as the validator reads one in S3."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def size(self) -> int:
        return self._path.stat().st_size

    def chunks(self) -> Iterator[bytes]:
        with self._path.open("rb", buffering=0) as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    def parquet_footer(self) -> ParquetFooter:
        raise AssertionError("a CSV has no footer")


def read_with_arrow(path: Path) -> int:
    """Parse the file with Arrow's streaming reader, as strings, which saves it the conversion of types."""
    import pyarrow as pa  # noqa: PLC0415 - must not count into the validator's memory
    from pyarrow import csv  # noqa: PLC0415

    names = [column.name for column in contracts.load("transactions").table.file_columns]
    options = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
    with csv.open_csv(path, convert_options=options) as reader:
        return sum(batch.num_rows for batch in reader)


def _read_once(reader: str, path: Path) -> None:
    """In a process of its own: read, then print speed and peak memory as JSON."""
    start = time.perf_counter()
    rows = validate(path) if reader == "validator" else read_with_arrow(path)
    seconds = time.perf_counter() - start
    # Not getrusage: its maximum goes back to before exec, to the memory of the process that started this one.
    [peak] = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    peak_mb = int(peak) * 1024 / MB
    speed = path.stat().st_size / MB / seconds
    print(json.dumps({"mb_per_s": round(speed, 1), "peak_rss_mb": round(peak_mb, 1), "rows": rows}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, action="append", help="size of a file to measure; may be repeated")
    parser.add_argument("--reader", choices=["validator", "arrow"], help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.reader:
        _read_once(args.reader, args.file)
    else:
        print(json.dumps(measure(tuple(args.mb or SIZES_MB)), indent=2))


if __name__ == "__main__":
    main()
