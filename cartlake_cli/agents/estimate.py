"""How much a query may scan at most, before it runs: Athena reads no more than the files of the tables it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cartlake.errors import TerminalError
from cartlake.tables.table_size import table_bytes
from cartlake_cli.costs.prices import prices
from cartlake_cli.costs.reckoning import LEAST_SCANNED_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable


class UnknownSizeError(TerminalError):
    """The bytes of a table cannot be read, so that nothing can be said of the cost of a query."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The most a query scans, in bytes, and what that costs in USD by the price table."""

    most_bytes: int
    most_usd: float


def estimate(tables: Iterable[tuple[str, str]]) -> Estimate:
    """Return what reading all files of these tables costs, each given as (database, name) in Glue. Views have no files.

    Athena bills at least 10 MB a query, and reads less where a query filters by partition or leaves columns out.
    Raises UnknownSizeError for a table that is not there or whose metadata cannot be read.
    """
    total = 0
    for database, name in sorted(tables):
        if (size := table_bytes(database, name)) is None:
            raise UnknownSizeError(
                f"The size of {database}.{name} cannot be read, so the query is not run. `lake health` says more."
            )
        total += size
    billed = max(total, LEAST_SCANNED_BYTES)
    return Estimate(total, round(billed / 1e12 * prices()["athena"]["scanned_tb"], 6))
