"""Contacts of a HubSpot with habits and faults, read by Cartlake, dlt and ingestr: which rows are wrong afterwards.

`python -m benchmarks.peers.sources` runs all and prints Markdown. What failed on the way goes to stderr.
"""

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.peers.sources.measure import Outcome, markdown, measure
from benchmarks.peers.sources.scenarios import SCENARIOS
from benchmarks.peers.sources.tools import all_tools


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tool", action="append", help="the name of a tool, as in the table; by default all")
    parser.add_argument("--scenario", action="append", help="part of the name of a scenario; by default all")
    arguments = parser.parse_args()
    outcomes: dict[tuple[str, str], Outcome] = {}
    with TemporaryDirectory() as folder, all_tools(Path(folder)) as tools:
        chosen = [tool for tool in tools if not arguments.tool or tool.name in arguments.tool]
        for number, scenario in enumerate(SCENARIOS):
            if arguments.scenario and not any(part in scenario.name for part in arguments.scenario):
                continue
            for tool in chosen:
                home = Path(folder) / f"{tool.name}-{number}".replace(" ", "-")
                home.mkdir()
                began = time.monotonic()
                outcome = outcomes[scenario.name, tool.name] = measure(tool, scenario, home)
                seconds = time.monotonic() - began
                print(f"{scenario.name}: {tool.name}: {outcome} ({seconds:.0f} s)", file=sys.stderr, flush=True)
    print(markdown([tool.name for tool in chosen], outcomes))


if __name__ == "__main__":
    main()
