"""`python -m benchmarks [NAME...]`: measure what the project claims, print a table, write benchmarks/results.json.

Ratios are measured side by side in one run, because a machine's speed drifts; seconds say which machine they are of.
"""

import argparse
import json
import os
import platform
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).with_name("results.json")
SUITES = (
    *("generator", "validator", "etl", "merge", "freshness", "tiny_files", "world", "growth", "beside_peers", "athena"),
    *("maintenance", "demo", "cli", "strict", "light", "cost", "dashboard", "load", "forecast", "api", "streams"),
    "cold_start",
)
FROM_TESTS = ("ci",)  # measured by `make test`, so only recorded here, and only when named
LIBRARIES = ("pyspark", "duckdb", "pyarrow", "pyiceberg", "ministack", "numpy")


def main() -> None:
    """Measure the chosen suites, all by default; results of the others stay as they were."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument(
        "suites", nargs="*", choices=[[], *SUITES, *FROM_TESTS], metavar="SUITE", help=", ".join(SUITES + FROM_TESTS)
    )
    chosen = parser.parse_args().suites or SUITES
    measures = [
        {"suite": suite, **measure} for suite in chosen for measure in import_module(f"benchmarks.{suite}").measure()
    ]
    _show(measures)
    RESULTS.write_text(json.dumps(_merged(measures, set(chosen)), indent=2) + "\n")
    Console().print(f"Wrote {RESULTS.relative_to(Path.cwd()) if RESULTS.is_relative_to(Path.cwd()) else RESULTS}")


def _merged(measures: list[dict[str, Any]], measured: set[str]) -> dict[str, Any]:
    known = json.loads(RESULTS.read_text())["measures"] if RESULTS.exists() else []
    kept = [measure for measure in known if measure["suite"] not in measured]
    order = {name: position for position, name in enumerate(SUITES + FROM_TESTS)}
    return {
        "machine": {
            "cores": os.cpu_count(),
            "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
            "system": f"{platform.system()} {platform.machine()}",
        },
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "measures": sorted([*kept, *measures], key=lambda measure: order[measure["suite"]]),
    }


def _show(measures: list[dict[str, Any]]) -> None:
    table = Table(title="Benchmarks", title_justify="left", header_style="bold")
    for column in ("suite", "measure", "value", "unit", "aim", "runs (min to max)"):
        table.add_column(column, justify="right" if column == "value" else "left")
    for measure in measures:
        runs = measure.get("runs") or [measure["value"]]
        spread = f"{len(runs)} ({min(runs):,.3g} to {max(runs):,.3g})"
        value = f"{measure['value']:,.3g}" if measure["value"] < 1000 else f"{measure['value']:,.0f}"  # noqa: PLR2004
        table.add_row(measure["suite"], measure["name"], value, measure["unit"], str(measure["aim"] or ""), spread)
    Console(width=None if Console().is_terminal else 120).print(table)


if __name__ == "__main__":
    main()
