"""Run a transform on the engine under test; for DuckDB its query is compiled once for inputs of the same columns.

SQLFrame takes a hundred times longer to write the query of a transform than DuckDB takes to run it over a few rows.
"""

from itertools import count
from zlib import crc32

from cartlake.engine import current

QUERIES = {}
RESULTS = (f"transformed_{number}" for number in count())


def transformed(transform, **frames):
    """The frame the transform makes of these frames; on DuckDB its rows are computed now, and read from a table."""
    if current() == "spark":
        return transform(**frames)
    session = next(iter(frames.values())).session
    execute = session._conn.execute
    views = {name: _view(execute, name, frame.sql(dialect="duckdb", optimize=False)) for name, frame in frames.items()}
    asked = (transform, *views.values())
    if asked not in QUERIES:
        inputs = {name: session.table(view) for name, view in views.items()}
        QUERIES[asked] = transform(**inputs).sql(dialect="duckdb", optimize=False)
    result = next(RESULTS)
    execute(f"create table {result} as {QUERIES[asked]}")
    return session.table(result)


def _view(execute, name, query):
    """A view of the query, named after its columns and their types: the same name, the same compiled query."""
    columns = execute(f"describe {query}").fetchall()
    view = f"{name}_{crc32(repr([column[:2] for column in columns]).encode()):08x}"
    execute(f"create or replace view {view} as {query}")
    return view
