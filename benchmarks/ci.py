"""How long CI's test suites took: read from the JUnit files that `make test` leaves in `.cache/suites`.

`python -m benchmarks.ci` prints the time of each suite and the slowest tests of all, and writes `times.json` beside the
files; `python -m benchmarks ci` records those minutes in benchmarks/results.json.
"""

import json
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from benchmarks.world import as_measure

FOLDER = Path(__file__).parents[1] / ".cache" / "suites"
TIMES = "times.json"
STARTED = "started"
"""Made by `make test` as it starts; `make` runs suites side by side, so the whole takes less than their sum."""
SLOWEST = 30


@dataclass(frozen=True)
class Test:
    """One test, with the seconds of its setup, call and teardown."""

    suite: str
    name: str
    seconds: float


def main() -> None:
    """Print and write what the last `make test` took."""
    times = measured(FOLDER)
    (FOLDER / TIMES).write_text(json.dumps(times, indent=2) + "\n")
    print(f"Slowest {SLOWEST} tests:")
    for test in times["slowest"]:
        print(f"  {test['seconds']:7.1f} s  {test['suite']:<12} {test['name']}")
    print("Minutes by suite (suites run side by side):")
    for suite, minutes in times["minutes"].items():
        print(f"  {minutes:7.1f}    {suite:<12} {times['tests'].get(suite, '')}")


def measured(folder: Path) -> dict[str, Any]:
    """Return minutes and number of tests by suite, and the slowest tests of all, from the JUnit files of a folder.

    A file is `<suite>.xml` or, where a suite is several runs of pytest one after the other, `<suite>-<part>.xml`.
    `minutes` has a member `all` too: from the start of `make test` until now. Raises FileNotFoundError without files.
    """
    files = sorted(folder.glob("*.xml"))
    if not files:
        raise FileNotFoundError(f"{folder} has no results of tests: run `make test` first")
    seconds: dict[str, float] = defaultdict(float)
    tests: list[Test] = []
    for file in files:
        suite = file.stem.partition("-")[0]
        for run in ET.parse(file).getroot().iter("testsuite"):
            seconds[suite] += float(run.get("time", 0))
            tests += [_test(suite, case) for case in run.iter("testcase")]
    slowest = sorted(tests, key=lambda test: -test.seconds)[:SLOWEST]
    started = folder / STARTED
    if started.exists():
        seconds["all"] = time.time() - started.stat().st_mtime
    return {
        "minutes": {suite: round(total / 60, 2) for suite, total in seconds.items()},
        "tests": {suite: sum(test.suite == suite for test in tests) for suite in seconds if suite != "all"},
        "slowest": [vars(test) for test in slowest],
    }


def _test(suite: str, case: ET.Element) -> Test:
    return Test(suite, f"{case.get('classname')}::{case.get('name')}", round(float(case.get("time", 0)), 2))


def measure() -> list[dict[str, Any]]:
    """Return the minutes of the last `make test`. Raises FileNotFoundError where there was none."""
    times = FOLDER / TIMES
    if not times.exists():
        raise FileNotFoundError(f"{times} is missing: run `make test` first")
    minutes = json.loads(times.read_text())["minutes"]
    return [as_measure(f"ci_minutes_by_suite_{suite}", value, "min") for suite, value in minutes.items()]


if __name__ == "__main__":
    main()
