from functools import cache

from cartlake import contracts
from cartlake.refresh.graph import Graph


@cache
def graph() -> Graph:
    """Which table is built from which, by the contracts."""
    return Graph.of(contracts.load_all())
