"""A whole smoke test: leftovers, files, rows, views and queries, alarms, costs, removal."""

from __future__ import annotations

import secrets
import time
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from cartlake import contracts
from cartlake.errors import CartlakeError
from cartlake.times import stamp, utc_now
from cartlake_cli.costs.prices import price_table
from cartlake_cli.costs.reckoning import query_usd, run_usd
from cartlake_cli.smoke.asking import Asking
from cartlake_cli.smoke.proving import Smoke
from cartlake_cli.smoke.removal import leftovers, remove, rows_left
from cartlake_cli.smoke.report import Report
from cartlake_cli.smoke.rows import QUICK, known_datasets
from cartlake_cli.smoke.state import compare, state_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cartlake_cli.context import Lake

AIM_USD: Final = 0.50
"""What a smoke test should not cost more than."""

FAILURES: Final = (CartlakeError, BotoCoreError, ClientError)
"""What a step may raise: each is a line of the report."""


def run_smoke(lake: Lake, *, quick: bool, keep: bool, timeout_seconds: float) -> Report:
    """Run a smoke test and remove what it made, also when a step fails; with `keep` it stays for the next one.

    `timeout_seconds` is how long nothing may change before a step has failed.
    """
    datasets = _datasets(quick=quick)
    report = _report(lake, quick=quick)
    started, asking = time.monotonic(), Asking(lake)
    lake.connect()
    test = Smoke(lake, asking, report, datasets, secrets.token_hex(4), timeout_seconds)
    clean = _step(report, "leftovers", lambda: _remove_leftovers(test))
    if clean:
        _step(report, "smoke test", lambda: _prove(test, quick=quick))
        for name in set(contracts.names()) - set(known_datasets()):
            report.unproved(f"load {name}", "no rows are known that its contract takes")
    _step(report, "costs", lambda: _add_costs(test))
    if clean and not keep:
        _step(report, "removal", lambda: _remove_own(test))
    report.seconds = time.monotonic() - started
    return report


def _datasets(*, quick: bool) -> Sequence[str]:
    dropped = set(contracts.names())
    return [name for name in ((QUICK,) if quick else known_datasets()) if name in dropped]


def _prove(test: Smoke, *, quick: bool) -> None:
    before = state_of(test.lake)
    day = test.load()
    test.rebuild()
    test.count_rows(day)
    if not quick:
        test.ask_views()
        test.ask_queries()
    compare(before, state_of(test.lake), test.report)


def _remove_leftovers(test: Smoke) -> None:
    """Remove what a smoke test left that was interrupted, whatever its datasets were."""
    every = [name for name in known_datasets() if name in contracts.names()]
    found = leftovers(test.lake, every)
    if found:
        remove(test.lake, test.asking, found, every, test.timeout_seconds)
    test.report.proved("leftovers", f"removed {len(found.objects)} files" if found else "none")


def _remove_own(test: Smoke) -> None:
    found = leftovers(test.lake, test.datasets)
    remove(test.lake, test.asking, found, test.datasets, test.timeout_seconds)
    left = rows_left(test.lake, test.asking, test.datasets)
    still = leftovers(test.lake, test.datasets)
    test.asking.remove_results()
    detail = f"left: {left or still}" if left or still else f"{len(found.files)} files, their rows and records"
    test.report.check("removal", holds=not left and not still, detail=detail)


def _add_costs(test: Smoke) -> None:
    table = price_table()
    runs = [run for run in map(test.lake.ledger.runs.get, sorted(test.runs)) if run is not None]
    test.report.costs = {
        "runs": sum(run_usd(run, table.usd) for run in runs),
        "queries": sum(query_usd(query, table.usd) for query in test.asking.queries()),
    }
    total = sum(test.report.costs.values())
    test.report.check("cost", holds=total <= AIM_USD, detail=f"${total:.4f}, of ${AIM_USD:.2f} at most")


def _step(report: Report, name: str, act: Callable[[], None]) -> bool:
    """Do a step; returns False, with a line that says why, if it raised."""
    try:
        act()
    except FAILURES as error:
        report.failure(name, str(error))
        return False
    return True


def _report(lake: Lake, *, quick: bool) -> Report:
    try:
        release = version("cartlake")
    except PackageNotFoundError:
        release = "from a checkout"
    return Report(
        environment=lake.environment,
        lake=lake.outputs.name_prefix,
        region=lake.outputs.region,
        version=release,
        started_at=stamp(utc_now()),
        quick=quick,
        prices_of=price_table().as_of,
    )
