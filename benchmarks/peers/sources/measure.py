"""Each scenario for each tool: a run, a change, a run, and one more in peace; then the rows are compared."""

import subprocess
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.peers.sources.scenarios import HOUR, SEED, Scenario, fill, modify
from benchmarks.peers.sources.score import Score, score
from benchmarks.peers.sources.server import TorturedHubSpot
from benchmarks.peers.sources.tools import Attempt, Tool

ATTEMPTS = 2
"""How often a run is started until it ends well, as a schedule or an engineer does it."""
LONGEST_SECONDS = 400
BUSY_PAGES = 4
"""After how many pages of an attempt contacts are modified: a tool that reads until nothing is new would never end."""


@dataclass
class Outcome:
    """What a tool made of a scenario.

    after: its table after the run with the last fault. at_last: its table after a run in peace. failures: the last
    lines of attempts that failed. gave_up: whether a run failed at each attempt.
    """

    after: Score = field(default_factory=Score)
    at_last: Score = field(default_factory=Score)
    failures: list[str] = field(default_factory=list)
    gave_up: bool = False


def measure(tool: Tool, scenario: Scenario, folder: Path) -> Outcome:
    """Run one scenario for one tool, in an empty folder."""
    server, random, outcome = TorturedHubSpot(), Random(SEED), Outcome()
    fill(server, scenario.size, random, scenario.seconds)
    server.pace = scenario.pace
    tool.prepare()
    with server.serving() as address, tool.reaching(address, folder) as env:
        runs = _Runs(tool, server, address, folder, env, outcome)

        def modify_some() -> None:
            if server.pages <= BUSY_PAGES:
                modify(server, random.sample(range(1, scenario.size), scenario.during), 1)

        server.after_page = modify_some
        runs.run(scenario.faults)
        server.wait(HOUR)
        scenario.change(server, random)
        runs.run(scenario.faults)
        server.after_page = lambda: None
        outcome.after = score(server.truth(), tool.rows(folder))
        server.wait(HOUR)
        runs.run({})
        outcome.at_last = score(server.truth(), tool.rows(folder))
    return outcome


@dataclass
class _Runs:
    tool: Tool
    server: TorturedHubSpot
    address: str
    folder: Path
    env: dict[str, str]
    outcome: Outcome
    since: float | None = None
    started: int = 0

    def run(self, faults: Mapping[int, Any]) -> None:
        """Start the tool until it ends well, at most ATTEMPTS times; only the first attempt meets the faults."""
        planned = dict(faults)
        for _ in range(ATTEMPTS):
            began = self.server.now()
            self.server.begin(planned)
            if self._ends_well():
                self.since = began
                return
            planned = {}
        self.outcome.gave_up = True

    def _ends_well(self) -> bool:
        attempt = Attempt(self.address, self.folder, self.since, self.started)
        self.started += 1
        process = subprocess.Popen(
            self.tool.command(attempt),
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # a group of its own, which a fault kills
        )
        self.server.process = process.pid
        said = ""
        with suppress(subprocess.TimeoutExpired):
            said, _ = process.communicate(timeout=LONGEST_SECONDS)
        self.server.process = None
        if process.poll() is None:
            process.kill()
            process.communicate()
            said = f"no end after {LONGEST_SECONDS} s"
        if process.returncode:
            self.outcome.failures.append("\n".join(said.strip().splitlines()[-3:]) or f"ended by {process.returncode}")
        return not process.returncode


def cell(outcome: Outcome, found: Score) -> str:
    """Return what a table says of a score: `0`, or what is wrong; and whether a run had to be started again."""
    if outcome.gave_up:
        return f"{found} (fails)"
    return f"{found} (again)" if outcome.failures else f"{found}"


def markdown(tools: Iterable[str], outcomes: Mapping[tuple[str, str], Outcome]) -> str:
    """Return the tables of docs/comparison.md, of outcomes by scenario and tool."""
    names = list(tools)
    scenarios = list(dict.fromkeys(scenario for scenario, _ in outcomes))
    tables = []
    for title, of in (("at last", lambda one: one.at_last), ("after the faults", lambda one: one.after)):
        lines = [[title, *(f"`{name}`" if name != "Cartlake" else name for name in names)], ["---"] * (len(names) + 1)]
        lines += [[scenario, *_cells(scenario, names, outcomes, of)] for scenario in scenarios]
        tables.append("\n".join(f"| {' | '.join(line)} |" for line in lines))
    return "\n\n".join(tables)


def _cells(scenario: str, names: list[str], outcomes: Mapping[tuple[str, str], Outcome], of: Any) -> list[str]:
    found = [outcomes.get((scenario, name)) for name in names]
    return ["-" if one is None else cell(one, of(one)) for one in found]
