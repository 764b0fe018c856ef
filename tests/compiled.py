"""The queries of this checkout, compiled once for all tests, as the light functions have them built in."""

import json
from functools import cache
from pathlib import Path

from cartlake_cli.light_queries.compiling import compiled_queries
from glue_jobs.engines.duckdb.compiled import queries

ROOT = Path(__file__).parents[1]


@cache
def use_compiled_queries():
    """Let this process know the queries; those of tests' own contracts are compiled when they are needed."""
    queries().known |= json.loads(compiled_queries(ROOT).read_text())
