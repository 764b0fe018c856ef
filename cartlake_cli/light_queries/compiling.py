"""All queries of the light engine in one file, compiled anew only where code or contracts changed.

    .cache/queries/<digest of the contracts>.json    what is built into the light functions: SQL by what it depends on
    .cache/queries/known.json                        all SQL of this code, and the digests of the code it was made of

A query that is not among them is compiled when it is first needed, in the function: of a table that was given columns
no contract has, for example.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from cartlake.errors import TerminalError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FOLDER: Final = Path(".cache") / "queries"
_NONE_OF: Final = "Not all queries of"
_CODE: Final = ("cartlake", "glue_jobs")
_KNOWN: Final = "known.json"
_LIBRARIES: Final = ("duckdb", "sqlframe", "sqlglot")


class CompileError(TerminalError):
    """The queries could not be compiled. The message is that of the process that should have."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What is compiled at once: the loads and backfills of a dataset, or the refresh of a table."""

    name: str
    kind: Literal["load", "refresh"]

    def compile(self) -> None:
        from cartlake import contracts  # noqa: PLC0415 - in the processes that compile, and there alone
        from cartlake.refresh.graph import Graph  # noqa: PLC0415
        from cartlake_cli.light_queries.offline import compile_dataset, compile_table  # noqa: PLC0415

        if self.kind == "refresh":
            compile_table(self.name, Graph.of(contracts.load_all()))
            return
        for backfill in (False, True):
            compile_dataset(contracts.load(self.name), backfill=backfill)


@dataclass(frozen=True, slots=True)
class Compiled:
    """The queries of a unit, the files of code that were loaded for them, and why there may be none."""

    queries: dict[str, str]
    code: frozenset[str]
    failure: str = ""


class _Noting(dict[str, str]):
    """Queries that are known, and the keys of those that were asked for."""

    def __init__(self, known: dict[str, str]) -> None:
        super().__init__(known)
        self.asked: set[str] = set()

    def __getitem__(self, key: str) -> str:
        self.asked.add(key)
        return super().__getitem__(key)


def compiled_queries(root: Path) -> Path:
    """Return the file of the queries of the checkout `root`, after compiling those that are missing.

    It takes 40 to 50 s of processor time after a change of the code, and nothing while all is the same. Raises
    CompileError when the process that compiles them fails.
    """
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        path = _of_contracts(root)
        if not _known(root) or not path.exists():
            command = [sys.executable, "-m", __name__]
            done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
            sys.stderr.writelines(line for line in done.stderr.splitlines(keepends=True) if line.startswith(_NONE_OF))
            if done.returncode:
                raise CompileError(f"The queries of the light engine could not be compiled: {done.stderr.strip()}")
    return path


def main() -> None:
    """Compile the queries of the checkout that is the current folder."""
    root = Path.cwd()
    units, known = _units(), _known(root)
    with ProcessPoolExecutor(min(os.cpu_count() or 1, 4), initializer=_know, initargs=(known,)) as pool:
        made = dict(zip(units, pool.map(_compile, units), strict=True))
    for unit, one in made.items():
        if one.failure:
            sys.stderr.write(f"{_NONE_OF} {unit.name} ({unit.kind}) are compiled: {one.failure}\n")
    if not known:
        for outdated in (root / FOLDER).glob("*.json"):
            outdated.unlink()
    queries = {key: text for one in made.values() for key, text in one.queries.items()}
    code = set[str]().union(*(one.code for one in made.values()))
    _write(root / FOLDER / _KNOWN, {**_is_now(root, code), "queries": {**known, **queries}})
    _write(_of_contracts(root), queries)


def _units() -> list[Unit]:
    """All units, the slowest first."""
    from cartlake import contracts  # noqa: PLC0415
    from cartlake.refresh.graph import Graph  # noqa: PLC0415

    every = contracts.load_all()
    loads = [Unit(one.name, "load") for one in every if one.droppable and one.engine != "spark"]
    return [*loads, *(Unit(name, "refresh") for name in Graph.of(every).order)]


def _known(root: Path) -> dict[str, str]:
    """The queries compiled before, if the code is still the same: those of contracts that changed have other keys."""
    try:
        known: dict[str, dict[str, str]] = json.loads((root / FOLDER / _KNOWN).read_text())
    except (OSError, ValueError):
        return {}
    queries = known.pop("queries")
    return queries if known == _is_now(root, known["code"]) else {}


def _know(known: dict[str, str]) -> None:
    from glue_jobs.engines.duckdb.compiled import queries  # noqa: PLC0415

    queries().known = known


def _compile(unit: Unit) -> Compiled:
    from glue_jobs.engines.duckdb.compiled import queries  # noqa: PLC0415

    known = queries().known = _Noting(queries().known)
    failure = ""
    try:
        unit.compile()
    except Exception as error:  # noqa: BLE001 - whatever it is, the function will say so, or Spark does the work
        failure = f"{type(error).__name__}: {error}"
    return Compiled({key: known[key] for key in sorted(known.asked)}, frozenset(_loaded_code(Path.cwd())), failure)


def _loaded_code(root: Path) -> Iterator[str]:
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file and any(Path(file).is_relative_to(root / package) for package in _CODE):
            yield Path(file).relative_to(root).as_posix()


def _of_contracts(root: Path) -> Path:
    """The file of the queries for the contracts of a checkout."""
    contracts = sorted((root / "contracts").glob("*.yaml"))
    about = "".join(f"{path.name} {_digest(path)}\n" for path in contracts)
    return root / FOLDER / f"{hashlib.sha256(about.encode()).hexdigest()[:16]}.json"


def _is_now(root: Path, code: Iterable[str]) -> dict[str, dict[str, str]]:
    """The digests of these files of code as they are now, those of this package, and the versions of libraries."""
    return {
        "code": {name: _digest(root / name) for name in sorted(code)},
        "compiler": {path.name: _digest(path) for path in sorted(Path(__file__).parent.glob("*.py"))},
        "libraries": {library: version(library) for library in _LIBRARIES},
    }


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes() if path.exists() else b"").hexdigest()


def _write(path: Path, document: object) -> None:
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text(json.dumps(document, indent=0, sort_keys=True) + "\n")
    unfinished.replace(path)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other process of this checkout compiles."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    main()
