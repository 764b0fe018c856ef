"""`python -m benchmarks.applies [--rounds N] [--lanes N] [--load]`: check that deploys do not fail intermittently.

Each round applies and destroys terraform/environments/local against an embedded AWS that has just been started, with
IAM enforced. It fails if a round fails, or if Terraform's provider had to repeat a request: one that it repeats may
have been carried out already. Lanes run in parallel, each with a clone and a server of its own.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from cartlake_cli.build import Platform, build
from cartlake_cli.commands.local import emulator, up
from cartlake_cli.context import Lake
from cartlake_cli.errors import CommandError
from cartlake_cli.output import Output
from localaws.invocations import REPEATED
from localaws.paths import Paths

CHECKOUT = Path(__file__).resolve().parents[1]
BUSY_LOOP = "while True: pass"
WATCHED = (REPEATED, "all requests waited")
"""Lines of the server's log that are shown; only repeated requests are a failure."""


@dataclass(frozen=True)
class Round:
    """One apply and destroy: how long they took, what was repeated, what failed."""

    apply_seconds: float
    destroy_seconds: float
    lines: list[str]
    error: str

    @property
    def repeated(self) -> list[str]:
        return [line for line in self.lines if REPEATED in line]

    @property
    def is_clean(self) -> bool:
        return not self.error and not self.repeated


def main() -> None:
    """Run the rounds and print one line each; exits with 1 unless all were clean."""
    parser = argparse.ArgumentParser(prog="benchmarks.applies", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="applies and destroys in all")
    parser.add_argument("--lanes", type=int, default=2, help="how many run side by side")
    parser.add_argument("--load", action="store_true", help="keep all cores but one busy meanwhile")
    arguments = parser.parse_args()
    os.environ["LOCALAWS_AUTH"] = "1"
    started = time.monotonic()
    with TemporaryDirectory() as folder, _load(enabled=arguments.load), ThreadPoolExecutor(arguments.lanes) as lanes:
        counts = [arguments.rounds // arguments.lanes] * arguments.lanes
        for extra in range(arguments.rounds % arguments.lanes):
            counts[extra] += 1
        roots = [_clone(Path(folder) / f"lane{number}") for number in range(1, arguments.lanes + 1)]
        rounds = [done for lane in lanes.map(_run_lane, roots, counts) for done in lane]
    unclean = sum(not done.is_clean for done in rounds)
    repeated = sum(len(done.repeated) for done in rounds)
    failed = sum(bool(done.error) for done in rounds)
    print(
        f"{len(rounds)} applies and destroys in {time.monotonic() - started:.0f} s: "
        f"{failed} failed, {repeated} repeated requests"
    )
    sys.exit(1 if unclean or not rounds else 0)


def _clone(root: Path) -> Path:
    """Clone what is committed; the downloads in .cache are shared. Builds the artifacts."""
    subprocess.run(["git", "clone", "--quiet", str(CHECKOUT), str(root)], check=True)
    (CHECKOUT / ".cache").mkdir(exist_ok=True)
    (root / ".cache").symlink_to(CHECKOUT / ".cache")
    build(root, Platform.HOST)
    return root


def _run_lane(root: Path, count: int) -> list[Round]:
    rounds = []
    for number in range(1, count + 1):
        rounds.append(_run_round(root))
        _show(f"{root.name} {number}/{count}", rounds[-1])
    return rounds


def _run_round(root: Path) -> Round:
    """Apply and destroy once. The server is stopped and its state deleted at the end, also after a failure."""
    lake = Lake("local", Output(as_json=True), root=root)
    emulator.start(root)
    apply_seconds = destroy_seconds = 0.0
    error = ""
    try:
        apply_seconds = _timed(up.apply, lake)
        destroy_seconds = _timed(up.destroy, lake)
    except CommandError as problem:
        error = str(problem)
    finally:
        emulator.stop(root)
    log = Paths(lake.home).server_log.read_text(encoding="utf-8", errors="replace")
    emulator.wipe(root)
    return Round(apply_seconds, destroy_seconds, watched_lines(log), error)


def watched_lines(log: str) -> list[str]:
    """Return the lines of a server's log that are shown."""
    return [line for line in log.splitlines() if any(watched in line for watched in WATCHED)]


def _timed(step: Callable[[Lake], None], lake: Lake) -> float:
    started = time.monotonic()
    step(lake)
    return time.monotonic() - started


def _show(name: str, done: Round) -> None:
    outcome = "failed" if done.error else f"apply {done.apply_seconds:.0f} s, destroy {done.destroy_seconds:.0f} s"
    at = datetime.now(UTC).strftime("%H:%M:%S")
    print(f"{at} {name}: {outcome}, {len(done.repeated)} repeated", flush=True)
    for line in [*done.lines, *done.error.splitlines()]:
        print(f"    {line}", flush=True)


@contextmanager
def _load(*, enabled: bool) -> Iterator[None]:
    cores = max(1, (os.cpu_count() or 2) - 1) if enabled else 0
    busy = [subprocess.Popen([sys.executable, "-c", BUSY_LOOP]) for _ in range(cores)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
