"""A DuckDB connection for one run: time zone, memory, temporary files, and access to S3."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import boto3
import duckdb

from cartlake.aws.clients import region
from cartlake.contracts.rules.sql import text_literal
from cartlake.tables.catalog import ENDPOINT_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

    from glue_jobs.engines.duckdb.compiled import Columns

_EXTENSION: Final = "duckdb_extension_httpfs"
_SHARE_OF_MEMORY: Final = 0.6
"""Of the function's memory, what DuckDB may use for its buffers; Python, PyIceberg and what DuckDB allocates beside its
buffers need the rest."""


@dataclass(frozen=True, slots=True)
class Session:
    """DuckDB, and a folder for files: those downloaded, and those written before they are uploaded."""

    connection: DuckDBPyConnection
    folder: Path
    _numbers: Iterator[int] = field(default_factory=count)

    def execute(self, sql: str, parameters: object = None) -> DuckDBPyConnection:
        """Run a statement and return the connection, which has its result."""
        return self.connection.execute(sql, parameters)

    def rows(self, sql: str, parameters: object = None) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        return self.connection.execute(sql, parameters).fetchall()

    def table_of(self, query: str, kind: str) -> str:
        """Store the rows of a query, and return the name of their table, which starts with `kind`."""
        name = self.new_name(kind)
        self.execute(f"create table {name} as {query}")
        return name

    def view_of(self, query: str, kind: str) -> str:
        """Name a query, and return its name, which starts with `kind`."""
        name = self.new_name(kind)
        self.execute(f"create view {name} as {query}")
        return name

    def columns(self, relation: str) -> Columns:
        """Return the names and DuckDB's types of the columns of a table or view."""
        return tuple((name, kind) for name, kind, *_ in self.rows(f"describe {relation}"))

    def new_name(self, kind: str) -> str:
        """Return a name that no table or view has."""
        return f"{kind}_{next(self._numbers)}"


@contextmanager
def open_session(memory_mb: int | None = None) -> Iterator[Session]:
    """Open a DuckDB in memory that spills to a temporary folder; all of it is gone at the end.

    `memory_mb` is the memory of the whole process, by default what Lambda says in `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`;
    outside of Lambda DuckDB takes 80 % of the machine's.
    """
    memory_mb = memory_mb or int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "0"))
    with TemporaryDirectory(prefix="cartlake-") as folder, duckdb.connect(config=_config(folder)) as connection:
        prepare(connection)
        if memory_mb:
            connection.execute(f"set memory_limit = '{int(memory_mb * _SHARE_OF_MEMORY)}MiB'")
        connection.execute(f"load '{httpfs_file()}'")
        _grant_s3(connection)
        files = Path(folder) / "files"
        files.mkdir()
        yield Session(connection, files)


def prepare(connection: DuckDBPyConnection) -> None:
    """Set what queries rely on: times in UTC, and the one function of contracts that DuckDB has by another name."""
    connection.execute("set timezone = 'UTC'")
    connection.execute("create macro regexp_like(text, pattern) as regexp_matches(text, pattern)")


def _config(folder: str) -> dict[str, str | bool | int | float | list[str]]:
    return {
        "temp_directory": f"{folder}/spilled",
        "home_directory": folder,
        "extension_directory": f"{folder}/extensions",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_unsigned_extensions": True,  # from PyPI, with a hash in the lock file
        "preserve_insertion_order": False,
    }


class ExtensionMissingError(ImportError):
    """The layer of the light functions is incomplete. Raised while a function starts, it lets Spark do the step."""


def httpfs_file() -> str:
    """Return the file of the extension `httpfs`, which reads S3.

    Raises ExtensionMissingError where the package is not installed: Lambda names that `Runtime.ImportModuleError` when
    a function raises it as it starts, as it does for any other part of the layer that is missing.
    """
    found = find_spec(_EXTENSION)
    places = list(found.submodule_search_locations or []) if found else []
    files = [
        file for place in places for file in Path(place).glob(f"extensions/v{duckdb.__version__}/*.duckdb_extension")
    ]
    if not files:
        raise ExtensionMissingError(
            f"DuckDB {duckdb.__version__} cannot read S3: the package {_EXTENSION} of that version is not installed. "
            "It belongs into the layer `light` (requirements/light.lock)."
        )
    return str(files[0])


def _grant_s3(connection: DuckDBPyConnection) -> None:
    """Let DuckDB read S3 with the credentials and at the endpoint that boto3 found."""
    credentials = boto3.Session().get_credentials()
    found = credentials.get_frozen_credentials() if credentials else None
    options = {
        "key_id": found.access_key if found else "",
        "secret": found.secret_key if found else "",
        "session_token": (found.token or "") if found else "",
        "region": region(),
    }
    endpoint = next((os.environ[name] for name in ENDPOINT_VARIABLES if os.environ.get(name)), None)
    if endpoint:
        options["endpoint"], options["url_style"] = urlsplit(endpoint).netloc, "path"
    listed = ", ".join(f"{name} {text_literal(value)}" for name, value in options.items() if value)
    plain = "" if endpoint is None or endpoint.startswith("https") else ", use_ssl false"
    connection.execute(f"create or replace secret lake (type s3, {listed}{plain})")
