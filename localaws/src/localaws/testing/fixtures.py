"""Pytest fixtures of an embedded AWS for one test session, with its own port and state."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from localaws.testing.athena import Lake
from localaws.testing.server import LocalAws, eventually, running, zipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path


@pytest.fixture(scope="session")
def localaws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """One server for the whole session: tests must give everything that they create a unique name."""
    with running(tmp_path_factory.mktemp("localaws")) as aws:
        yield aws


@pytest.fixture
def own_localaws(tmp_path: Path) -> Iterator[LocalAws]:
    """A server for one test, which may stop or kill it."""
    with running(tmp_path) as aws:
        yield aws


@pytest.fixture
def running_localaws() -> Callable[[Path], AbstractContextManager[LocalAws]]:
    """A function that starts a server in a folder, with the present environment."""
    return running


@pytest.fixture
def name() -> str:
    """A unique name."""
    return f"t{uuid.uuid4().hex[:10]}"


@pytest.fixture(name="eventually")
def eventually_fixture() -> Callable[..., Any]:
    return eventually


@pytest.fixture(name="zipped")
def zipped_fixture() -> Callable[[dict[str, str]], bytes]:
    return zipped


@pytest.fixture
def lake(localaws: LocalAws, name: str) -> Lake:
    """A bucket and a database for one test."""
    return Lake(localaws, name)


@pytest.fixture
def orders(lake: Lake) -> Lake:
    """A bucket and a database with a table `orders` of three rows."""
    lake.create("orders", "id bigint, day date, amount decimal(12,2), tags array<string>, at timestamptz", "day(at)")
    lake.run(
        "INSERT INTO orders VALUES "
        "(1, DATE '2024-01-01', DECIMAL '10.50', ARRAY['a', 'b'], TIMESTAMP '2024-01-01 10:00:00.123456 UTC'), "
        "(2, DATE '2024-01-02', DECIMAL '20.00', ARRAY[], TIMESTAMP '2024-01-02 10:00:00 UTC'), "
        "(3, DATE '2024-01-02', NULL, NULL, TIMESTAMP '2024-01-02 11:00:00 UTC')"
    )
    return lake
