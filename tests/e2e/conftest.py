"""A whole lake of its own for these tests: a copy of the checkout, deployed once by the real Terraform."""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from cartlake.aws import clients as aws
from cartlake.contracts import loading
from cartlake.ledger import FileRecord
from cartlake_cli.commands.lake.query import athena_of
from cartlake_cli.commands.local import emulator
from cartlake_cli.commands.local.up import bring_up
from cartlake_cli.commands.runs.follow import follow_files
from cartlake_cli.context import Lake
from cartlake_cli.main import app
from cartlake_cli.output import Output
from generators.transactions import generate_transactions


@pytest.fixture(scope="package")
def lake(checkout: Path) -> Iterator[Lake]:
    """The lake, up and deployed, with nothing in it yet. IAM is enforced: a role that lacks a permission fails here.

    Package scope, and an environment put back as it was: tests of other folders run in the same process.
    """
    environment = dict(os.environ)
    os.environ |= {"CARTLAKE_CHECKOUT": str(checkout), "LOCALAWS_AUTH": "1"}
    aws.client.cache_clear()
    deployed = Lake("local", Output(as_json=True), root=checkout)
    bring_up(deployed)
    yield deployed
    emulator.stop(checkout)
    aws.client.cache_clear()
    os.environ.clear()
    os.environ |= environment


@pytest.fixture(scope="package")
def run_lake(lake: Lake) -> Callable[..., Result]:
    """Type a `lake` command; returns its result with exit code and standard output."""
    application = app

    def run(*arguments: object, exit_code: int | None = 0) -> Result:
        for cached in (loading._load, loading._stems):  # as in a process of its own
            cached.cache_clear()
        result = CliRunner().invoke(application, [str(argument) for argument in arguments])
        if exit_code is not None:
            assert result.exit_code == exit_code, f"{result.output}\n{result.exception!r}"
        return result

    return run


@pytest.fixture(scope="package")
def rows_of(lake: Lake) -> Callable[[str], list[list[str | None]]]:
    """Ask Athena."""
    return lambda sql: athena_of(lake).run(sql).rows


@pytest.fixture
def orders(tmp_path: Path) -> Callable[..., tuple[Path, dict[str, Any]]]:
    """Generate one day of order lines nobody else has; returns the only file and the manifest."""

    def generate(rows: int = 200, **options: Any) -> tuple[Path, dict[str, Any]]:
        folder = tmp_path / uuid4().hex
        generate_transactions(folder, rows=rows, days=1, seed=uuid4().int % 2**31, **{"dirty": 0.0, **options})
        manifest = json.loads((folder / "manifest.json").read_text())
        file = folder / manifest["files"][0]["name"]
        return file.rename(file.with_name(f"{uuid4().hex}-{file.name}")), manifest

    return generate


@pytest.fixture
def settle(lake: Lake) -> Callable[[Sequence[str]], list[FileRecord]]:
    """Wait until the files are settled and their dataset rests."""
    return lambda file_ids: follow_files(lake, "transactions", file_ids, patience_seconds=120)


def eventually(holds: Callable[[], Any], seconds: float = 60.0) -> Any:
    """What `holds` returns once it is true."""
    deadline = time.monotonic() + seconds
    while not (value := holds()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.2)
    return value
