"""What the columns of built tables are made of, read from the compiled queries of the light engine.

    .cache/queries/sources/<digest>.json    `CompiledSources`: what is built into the layer, by what it was made of

The queries are compiled already when the artifacts are built, so reading all of them takes a second or two.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cartlake_cli.light_queries.compiling import FOLDER, CompileError, compiled_queries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cartlake.lineage.columns import CompiledSources, CompiledTable
    from cartlake.refresh.graph import Graph

_KEPT_SECONDS: Final = 7 * 24 * 3600
_READERS: Final = ("cartlake/lineage/columns.py", "data_catalog/column_sources.py", "data_catalog/lineage.py")


def compiled_sources(root: Path) -> Path:
    """Return the file with the sources of all columns of the built tables of the checkout `root`.

    It is made where the queries or what reads them have changed. Raises CompileError when that fails as a whole; a
    table whose query cannot be read is named on standard error, and has no column lineage.
    """
    queries = compiled_queries(root)
    path = root / FOLDER / "sources" / f"{_digest(root, queries)}.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", __name__, str(queries), str(path)]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        sys.stderr.write(done.stderr if not done.returncode else "")
        if done.returncode:
            raise CompileError(f"The sources of columns could not be read from the queries: {done.stderr.strip()}")
    return path


def read_sources(queries: Mapping[str, str], graph: Graph) -> CompiledSources:
    """Return the sources of every built table; one whose query cannot be read is named on standard error."""
    from cartlake.lineage.columns import CompiledSources  # noqa: PLC0415 - in the process that reads, and there alone

    engines = {"light": ("duckdb", version("duckdb")), "spark": ("spark", version("pyspark"))}
    tables: dict[str, CompiledTable] = {}
    for name, sql in _transforms(queries, graph).items():
        try:
            tables[name] = _sources(name, sql, graph)
        except Exception as error:  # noqa: BLE001 - whatever it is: the other tables have their lineage
            sys.stderr.write(f"{name} has no column lineage: {type(error).__name__}: {error}\n")
    return CompiledSources(engines=engines, tables=tables)


def main() -> None:
    """Read the queries in the file that is the first argument; write the sources to the second."""
    from cartlake import contracts  # noqa: PLC0415
    from cartlake.refresh.graph import Graph  # noqa: PLC0415

    queries, path = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    found = read_sources(queries, Graph.of(contracts.load_all()))
    for other in path.parent.glob("*.json"):
        # Not at once: checkouts may share the folder, and another process may be about to read its own.
        if time.time() - other.stat().st_mtime > _KEPT_SECONDS:
            other.unlink(missing_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}.tmp")
    unfinished.write_text(found.model_dump_json() + "\n")
    unfinished.replace(path)


def _transforms(queries: Mapping[str, str], graph: Graph) -> dict[str, str]:
    """The query of each table's transform, over `cartlake_input_<place>`; one that is not compiled yet is compiled."""
    from cartlake.refresh.graph import build_of  # noqa: PLC0415
    from cartlake_cli.light_queries.offline import empty_inputs  # noqa: PLC0415
    from glue_jobs.engines.duckdb.compiled import queries as known  # noqa: PLC0415
    from glue_jobs.table_refresh.building import built_rows  # noqa: PLC0415

    known().known |= queries
    found = {}
    for name in graph.order:
        table = graph.tables[name]
        upstreams = [graph.tables[up.table] for up in build_of(table).upstreams]
        try:
            found[name] = known().query(built_rows, empty_inputs(upstreams), {"table": table})
        except Exception as error:  # noqa: BLE001 - only Spark can run it
            sys.stderr.write(f"{name} has no column lineage: {type(error).__name__}: {error}\n")
    return found


def _sources(name: str, sql: str, graph: Graph) -> CompiledTable:
    from cartlake.lineage.columns import CompiledTable  # noqa: PLC0415
    from cartlake.refresh.graph import build_of  # noqa: PLC0415
    from data_catalog.column_sources import Resolver  # noqa: PLC0415
    from data_catalog.lineage import qualified  # noqa: PLC0415
    from glue_jobs.engines.duckdb.types import contract_type  # noqa: PLC0415

    table = graph.tables[name]
    names = {f"cartlake_input_{place}": up.table for place, up in enumerate(build_of(table).upstreams)}
    schema: dict[str, object] = {"cartlake_input_0": {"one": "int"}}
    for known, upstream in names.items():
        schema[known] = {column.name: contract_type(column.type) for column in graph.tables[upstream].columns}
    root = qualified(table, sql, schema)[1]
    return CompiledTable.of(Resolver(names).table(root, (column.name for column in table.file_columns)))


def _digest(root: Path, queries: Path) -> str:
    readers = [*(root / name for name in _READERS), Path(__file__), queries]
    contracts = sorted((root / "contracts").glob("*.yaml"))
    about = b"".join(path.read_bytes() for path in (*readers, *contracts) if path.exists())
    return hashlib.sha256(about + version("sqlglot").encode()).hexdigest()[:16]


if __name__ == "__main__":
    main()
