"""Which lines of the shipped Python a process of pytest executes, as data that coverage.py combines and reports.

SlipCover puts a probe before each line of a module as it is imported, and takes it out once the line was executed: the
tests take as long as without it. coverage.py's own tracer sees each execution of each line, which takes half as long
again; it has a way without on Python 3.12 and later only.

Processes that tests start are left to coverage.py, which is there from the start of a Python, and counted only with
`$COVERAGE_CHILDREN`: with it the embedded AWS takes nearly twice as long. The tests of localaws need that; others start
the same processes, and execute hardly a line in them that no test of localaws does.
"""

import os
from collections.abc import Callable
from pathlib import Path

import slipcover
from coverage import CoverageData

ROOT = Path(__file__).parents[1]
SOURCES = tuple(
    ROOT / folder
    for folder in (
        *("cartlake", "cartlake_cli", "lambdas", "glue_jobs", "generators", "data_catalog", "sources"),
        "localaws/src/localaws",
        "integrations/airflow/cartlake_airflow",
    )
)
FILE = "COVERAGE_FILE"
"""The variable with the path of the data; each process adds its name to it."""

WORKER = "PYTEST_XDIST_WORKER"
COUNTS_CHILDREN = "COVERAGE_CHILDREN"
"""The variable that says that processes which tests start are counted too."""

CHILDREN = "COVERAGE_PROCESS_START"
"""The variable by which coverage.py begins in a new process, with the settings that it names."""

CHECKOUT = "CARTLAKE_CHECKOUT"
"""The variable by which those settings name what to count, wherever a process runs."""


def children() -> dict[str, str]:
    """The environment in which a new Python counts lines of this checkout, not of copies in layers and wheels."""
    return {CHILDREN: str(ROOT / "pyproject.toml"), CHECKOUT: str(ROOT)}


def count_lines() -> Callable[[], None]:
    """Count the lines of what this process imports from now on; the function returned writes them.

    Data go to `$COVERAGE_FILE.<name of the process>`: the executed lines of each file below SOURCES, no line of those
    that were not imported. Must be called before the first import of a module to be counted.
    """
    if WORKER in os.environ and COUNTS_CHILDREN in os.environ:  # the workers of pytest themselves are no children
        os.environ |= children()
    counter = slipcover.Slipcover()
    files = slipcover.FileMatcher(sources=SOURCES)
    slipcover.wrap_pytest(counter, files)  # modules of fixtures, which pytest loads itself
    slipcover.ImportManager(counter, files).__enter__()

    def write() -> None:
        data = CoverageData(f"{os.environ[FILE]}.{os.environ.get(WORKER, 'main')}")
        executed = counter.get_coverage()["files"]
        data.add_lines({str(ROOT / file): lines["executed_lines"] for file, lines in executed.items()})
        data.touch_files(str(file) for source in SOURCES for file in source.rglob("*.py"))
        data.write()

    return write
