"""How long `lake --help` takes: a whole process, from its start to its end."""

import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

RUNS = 11
AIM_MS = 500
LAKE = Path(sys.executable).with_name("lake")


def measure() -> list[dict[str, Any]]:
    """Milliseconds of `lake --help` (aim: under 500), once its files are in the disk cache."""
    _help_ms()
    runs = [_help_ms() for _ in range(RUNS)]
    value = round(statistics.median(runs))
    return [{"name": "cli_help_ms", "value": value, "unit": "ms", "aim": AIM_MS, "runs": runs}]


def _help_ms() -> int:
    started = time.perf_counter()
    subprocess.run([LAKE, "--help"], check=True, capture_output=True)
    return round((time.perf_counter() - started) * 1000)
