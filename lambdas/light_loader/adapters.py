"""The light engine, and the tables of this environment as it calls them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from glue_jobs.dataset_etl.tasks import TableNames
from glue_jobs.engines.base import Engine
from glue_jobs.engines.duckdb.engine import duckdb_engine
from glue_jobs.engines.duckdb.limits import engine_limits
from lambdas.light_loader.settings import settings

CATALOG: Final = "glue"


@contextmanager
def light_engine(run_id: str, memory_mb: int) -> Iterator[Engine]:
    """Open DuckDB for one run, with the memory of the function in MB.

    Raises EngineLimitError when memory or disk are too small, or a merge would look at too much of a table.
    """
    with engine_limits(), duckdb_engine(run_id, memory_mb, max_merge_bytes=settings().table_bytes) as engine:
        yield engine


def table_names() -> TableNames:
    """Return the names of the tables of this environment."""
    prefix = settings().database_prefix
    return TableNames(CATALOG, prefix, f"{prefix}ops.quarantine_rows", f"{prefix}ops.quality_results")
