"""One function runs on both engines, and the engine can be switched at any time."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from sqlframe.duckdb import DuckDBSession

from cartlake.engine import F, Window, current, using
from cartlake.errors import TerminalError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import DataFrame


def newest(frame: DataFrame) -> DataFrame:
    newest_first = Window.partitionBy("key").orderBy(F.desc("version"))
    return frame.withColumn("rank", F.row_number().over(newest_first)).where(F.col("rank") == 1).drop("rank")


@pytest.fixture
def session() -> Iterator[Any]:
    session = DuckDBSession()
    yield session
    session.stop()  # SQLFrame keeps one session per process: leave none behind


def test_a_transform_runs_on_duckdb(session: Any) -> None:
    with using("duckdb"):
        frame = session.createDataFrame([(1, 1), (1, 2), (2, 1)], ["key", "version"])

        assert sorted(tuple(row) for row in newest(frame).collect()) == [(1, 2), (2, 1)]


def test_spark_is_the_engine_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CARTLAKE_ENGINE", raising=False)

    with using("duckdb"):
        assert current() == "duckdb"
    assert current() == "spark"


def test_an_unknown_engine_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARTLAKE_ENGINE", "polars")

    with pytest.raises(TerminalError, match="CARTLAKE_ENGINE = 'polars': no such engine; use spark or duckdb"):
        F.lit(1)


def test_duckdb_needs_no_pyspark() -> None:
    program = (
        "import sys\n"
        "from cartlake.engine import F, Window\n"
        "F.lit(1), Window.partitionBy('a')\n"
        "print('pyspark' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env={"CARTLAKE_ENGINE": "duckdb"}
    )

    assert done.stdout == "False\n", done.stderr
