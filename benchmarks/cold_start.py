"""How much processor time a function needs until its handler is imported, with the bytecode of its zips and without.

Both are the same zips, unpacked where an import may not write, as in Lambda; without bytecode means that `.pyc` files
were left out. The two take turns in new processes.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from cartlake_cli.build import Platform, build

ROOT = Path(__file__).parents[1]
REPEATS = int(os.environ.get("CARTLAKE_BENCH_REPEATS", "7"))
FUNCTIONS = {"run_coordinator": "cartlake", "light_loader": "light"}
"""The functions that every drop of a file starts, and their layers."""

SETTINGS = {
    "AWS_DEFAULT_REGION": "eu-west-1",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "LEDGER_TABLE": "ledger",
    "EVENT_BUS": "bus",
    "RAW_BUCKET": "raw",
    "ARTIFACTS_BUCKET": "artifacts",
    "TRANSFORM_JOB": "dataset-etl",
    "LIGHT_MAX_MB": "256",
    "LIGHT_MAX_ROWS": "5000000",
    "LIGHT_TABLE_MAX_MB": "1024",
    **{
        f"{workflow}_STATE_MACHINE_ARN": f"arn:aws:states:eu-west-1:123456789012:stateMachine:{workflow.lower()}"
        for workflow in ("INGEST", "REFRESH", "MAINTENANCE", "FORECAST")
    },
}
"""What the handlers read as they are imported; none of it is called."""


def measure() -> list[dict[str, Any]]:
    """Milliseconds of processor time of each import, and how many times as long it takes without bytecode."""
    measures = []
    with tempfile.TemporaryDirectory() as folder:
        files = build(ROOT, Platform.HOST).parent
        for function, layer in FUNCTIONS.items():
            zips = (files / "lambdas" / f"{function}.zip", files / "layers" / f"{layer}.zip")
            paths = {
                form: _unpacked(Path(folder) / f"{function}-{form}", zips, form) for form in ("compiled", "source")
            }
            _, *runs = (  # the first one reads the files from the disk
                {form: _import_ms(function, path) for form, path in paths.items()} for _ in range(REPEATS + 1)
            )
            measures += [_in_ms(function, runs), _ratio(function, runs)]
    return measures


def _unpacked(folder: Path, zips: tuple[Path, ...], form: str) -> list[str]:
    for path in zips:
        with zipfile.ZipFile(path) as archive:
            wanted = [name for name in archive.namelist() if form == "compiled" or not name.endswith(".pyc")]
            archive.extractall(folder, wanted)
    return [str(folder), str(folder / "python")]


def _import_ms(function: str, paths: list[str]) -> float:
    """Return what a new process takes, from its start until the import ends."""
    code = f"import sys; sys.path[:0] = {json.dumps(paths)}; import lambdas.{function}.handler"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-I", "-S", "-B", "-c", code]
    subprocess.run(command, check=True, capture_output=True, env=os.environ | SETTINGS)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def _in_ms(function: str, runs: list[dict[str, float]]) -> dict[str, Any]:
    compiled = [round(run["compiled"]) for run in runs]
    return {
        "name": f"{function}_import_ms",
        "value": round(statistics.median(compiled)),
        "unit": "ms",
        "runs": compiled,
    }


def _ratio(function: str, runs: list[dict[str, float]]) -> dict[str, Any]:
    ratios = [round(run["source"] / run["compiled"], 2) for run in runs]
    name = f"{function}_without_bytecode"
    return {"name": name, "value": round(statistics.median(ratios), 2), "unit": "x", "aim": 1.5, "runs": ratios}
