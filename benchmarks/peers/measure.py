"""How fast the peers make their tables of a world, which dirty rows are in them, and which rows are missing.

`python -m benchmarks.peers.measure --days 30 --orders-per-day 200` makes a world, measures, and prints Markdown.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.peers import environment
from benchmarks.peers.examine import Findings, examine
from benchmarks.peers.truth import Truth, read_truth
from generators.manifests.world import WorldManifest
from generators.world import generate_world

HERE = Path(__file__).parent
REPEATS = int(os.environ.get("CARTLAKE_BENCH_REPEATS", "3"))
LAST_DAY = date(2026, 11, 15)
LOADS = 3
"""In how many loads the files of a world come when they do not come at once."""


class PeerError(RuntimeError):
    """A peer did not make its tables; the message contains the end of its output."""


@dataclass(frozen=True)
class Peer:
    """A script and its options.

    strict: options with which it stops at a value that does not fit its column. rereads: whether it reads all files
    in every run, so that it does not matter which of them came before.
    """

    name: str
    script: str
    python: Callable[[], Path]
    options: tuple[str, ...] = ()
    strict: tuple[str, ...] = ()
    rereads: bool = False

    def run(self, world: Path, out: Path, options: Iterable[str] | None = None) -> float:
        """Make all tables; return the seconds from the start of the process to its end."""
        command = [self.python(), HERE / self.script, world, out, *(self.options if options is None else options)]
        started = time.monotonic()
        done = subprocess.run(list(map(str, command)), check=False, capture_output=True, text=True)
        seconds = time.monotonic() - started
        if done.returncode != 0:
            raise PeerError(f"{self.name} failed:\n{(done.stdout + done.stderr)[-3000:]}")
        return seconds


PEERS = (
    Peer("dbt_duckdb", "dbt_duckdb/run.py", environment.python),
    Peer("dlt", "dlt_duckdb/run.py", environment.python, strict=("--contract", "freeze")),
    Peer("dlt_arrow", "dlt_duckdb/run.py", environment.python, options=("--reader", "arrow")),
    Peer("plain_pyspark", "plain_pyspark/run.py", lambda: Path(sys.executable), strict=("EXCEPTION",), rereads=True),
)


@dataclass
class Outcome:
    """Measurements of one peer. stopped: whether dirt stops it with its strict options, None where it has none.

    at_once: its tables after all files in one load. in_parts: after the files of some days, then of the next, then of
    the rest. failing_tests: tests of dbt that found something, and the rows they found.
    """

    peer: Peer
    runs: list[float] = field(default_factory=list)
    at_once: Findings | None = None
    in_parts: Findings | None = None
    stopped: bool | None = None
    failing_tests: tuple[int, int] | None = None
    test_share: float | None = None


def measure_peers(world: Path, rows: int) -> list[dict[str, Any]]:
    """Rows per second of every peer over the files of a world that has `rows` rows; speed alone, nothing examined."""
    outcomes = [Outcome(peer) for peer in PEERS]
    with TemporaryDirectory() as folder:
        _time(outcomes, world, Path(folder))
    return [_speed(outcome, rows) for outcome in outcomes]


def examine_peers(world: Path) -> tuple[Truth, list[Outcome]]:
    """Time every peer, and compare its tables with the truth of the world."""
    truth = read_truth(world)
    outcomes = [Outcome(peer) for peer in PEERS]
    with TemporaryDirectory() as folder:
        home = Path(folder)
        _time(outcomes, world, home)
        for outcome in outcomes:
            out = home / outcome.peer.name
            outcome.at_once = examine(truth, out)
            _read_tests(outcome, out / "target" / "run_results.json")
            outcome.stopped = _stops(outcome.peer, world, home / "strict")
            reads_all = outcome.peer.rereads
            outcome.in_parts = outcome.at_once if reads_all else _in_parts(truth, outcome.peer, world, home / "parts")
    return truth, outcomes


def _time(outcomes: list[Outcome], world: Path, home: Path) -> None:
    """Run the peers in turn, because a machine's speed drifts; the tables of the last run stay."""
    for outcome in outcomes:
        outcome.peer.python()
    for _ in range(REPEATS):
        for outcome in outcomes:
            out = home / outcome.peer.name
            shutil.rmtree(out, ignore_errors=True)
            outcome.runs.append(outcome.peer.run(world, out))


def _speed(outcome: Outcome, rows: int) -> dict[str, Any]:
    runs = [round(rows / seconds) for seconds in outcome.runs]
    name = f"{outcome.peer.name}_rows_per_s"
    return {"name": name, "value": median(runs), "unit": "rows/s", "aim": None, "runs": runs}


def _stops(peer: Peer, world: Path, out: Path) -> bool | None:
    if not peer.strict:
        return None
    try:
        peer.run(world, out, peer.strict)
    except PeerError:
        return True
    finally:
        shutil.rmtree(out, ignore_errors=True)
    return False


def _in_parts(truth: Truth, peer: Peer, world: Path, home: Path) -> Findings:
    """Load the files of later days later, so that delayed versions and events are merged with loaded ones."""
    files = sorted(world.glob("*/*.csv"), key=_day)
    try:
        for upto in _last_days(files):
            for path in files:
                target = home / "world" / path.parent.name / path.name
                if _day(path) <= upto and not target.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, target)  # with a modification time of its own: now
            peer.run(home / "world", home / "out")
        return examine(truth, home / "out")
    finally:
        shutil.rmtree(home)


def _last_days(files: list[Path]) -> list[str]:
    """The last day of every load. The first has a file of every dataset, for dbt reads no folder without any."""
    days = sorted({_day(path) for path in files})
    complete = max(min(_day(path) for path in files if path.parent == folder) for folder in {f.parent for f in files})
    thirds = [days[len(days) * part // LOADS - 1] for part in range(1, LOADS + 1)]
    return [max(complete, thirds[0]), *thirds[1:]]


def _day(path: Path) -> str:
    return path.name.removesuffix(".csv")[-10:]


def _read_tests(outcome: Outcome, results: Path) -> None:
    if not results.exists():
        return
    nodes = json.loads(results.read_text())["results"]
    tests = [node for node in nodes if node["unique_id"].startswith("test.")]
    failures = [node["failures"] for node in tests if node["failures"]]
    outcome.failing_tests = (len(failures), sum(failures))
    outcome.test_share = sum(test["execution_time"] for test in tests) / sum(node["execution_time"] for node in nodes)


def markdown(truth: Truth, outcomes: list[Outcome]) -> str:
    """Everything measured, as the tables of docs/comparison.md."""
    rows = sum(dataset.rows for dataset in truth.manifest.datasets.values())
    head = ["", *(f"`{outcome.peer.name}`" for outcome in outcomes)]
    found = [outcome.at_once for outcome in outcomes if outcome.at_once]
    late = [outcome.in_parts for outcome in outcomes if outcome.in_parts]
    dirty = sum(dataset.dirty_rows for dataset in truth.manifest.datasets.values())
    personal = sum(not item.decoy for item in truth.manifest.reviews.personal_data)
    names = [dataset.name for dataset in truth.datasets]

    def total(findings: list[Findings], fault: str) -> list[str]:
        return [f"{sum(getattr(tables, fault) for tables in each.silver.values()):,}" for each in findings]

    overview = [
        ["seconds, process start to end", *(f"{median(outcome.runs):.1f}" for outcome in outcomes)],
        [f"rows/s of {rows:,} rows read", *(f"{rows / median(outcome.runs):,.0f}" for outcome in outcomes)],
        ["stops at dirt when strict", *(_yes(outcome.stopped) for outcome in outcomes)],
        [f"dirty rows in silver, of {dirty:,} planted", *total(found, "dirty")],
        ["- of them in the place of a good row", *total(found, "spoiled")],
        ["good keys missing from silver", *total(found, "missing")],
        ["keys twice in silver", *total(found, "repeated")],
        ["older versions in silver, one load", *total(found, "older")],
        ["older versions in silver, three loads", *total(late, "older")],
        ["good keys missing, three loads", *total(late, "missing")],
        [f"personal data readable in reviews, of {personal:,}", *(f"{each.personal_data:,}" for each in found)],
    ]
    silver = [[name, *(f"{each.silver[name].dirty:,}" for each in found)] for name in names]
    for row in silver:
        row[0] += f", of {truth.manifest.datasets[row[0]].dirty_rows:,}"
    gold = [
        [f"{name}: {value:,}", *(f"{each.gold[name]:,} ({each.gold[name] - value:+,})" for each in found)]
        for name, value in truth.gold.items()
    ]
    tests = "\n".join(
        f"dbt: {failing[0]} tests failed on {failing[1]:,} rows; tests took {share:.0%} of the work of its nodes."
        for failing, share in ((outcome.failing_tests, outcome.test_share) for outcome in outcomes)
        if failing and share
    )
    return "\n\n".join((_table(head, overview), _table(head, silver), _table(head, gold), tests))


def _yes(stopped: bool | None) -> str:  # noqa: FBT001 - one of three values of a table
    return {True: "yes", False: "no", None: "-"}[stopped]


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--orders-per-day", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        world = Path(folder) / "world"
        orders = arguments.orders_per_day
        generate_world(world, days=arguments.days, orders_per_day=orders, seed=arguments.seed, end_date=LAST_DAY)
        truth, outcomes = examine_peers(world)
        rows = rows_of(world)
    for outcome in outcomes:
        print(_speed(outcome, rows), file=sys.stderr)
    print(markdown(truth, outcomes))


def rows_of(world: Path) -> int:
    """All rows of all files of a world, dirty and repeated ones too."""
    return sum(dataset.rows for dataset in WorldManifest.read(world).datasets.values())


if __name__ == "__main__":
    main()
