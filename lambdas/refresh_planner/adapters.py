"""The graph of tables, by the contracts."""

from functools import cache

from cartlake import contracts
from cartlake.refresh.graph import Graph


@cache
def graph() -> Graph:
    """Return which table is built from which."""
    return Graph.of(contracts.load_all())
