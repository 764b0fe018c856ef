import json
from datetime import UTC, datetime

import pytest
import typer
from typer.testing import CliRunner

from cartlake.cli.context import Lake
from cartlake.cli.errors import NotFoundError
from cartlake.cli.output import Output
from generators import commands
from generators.manifest import Manifest


@pytest.fixture
def lake(tmp_path):
    """Run `lake generate …` with these words."""
    app = typer.Typer()

    @app.callback()
    def root(context: typer.Context):
        context.obj = Lake("local", Output(), root=tmp_path)

    commands.register(app)
    return lambda *words: CliRunner().invoke(app, ["generate", *map(str, words)])


def test_options_decide_what_is_written(lake, tmp_path):
    result = lake(
        "transactions", "--rows", 400, "--days", 2, "--seed", 9, "--dirty", 0.1, "--end-date", "2026-03-08",
        "--format", "jsonl", "--gzip", "--late-file", "--duplicate-file", "--out", tmp_path / "out",
    )  # fmt: skip

    assert result.exit_code == 0, result.output
    manifest = Manifest.read(tmp_path / "out")
    assert manifest.arguments.model_dump() == {
        "rows": 400,
        "days": 2,
        "seed": 9,
        "dirty": 0.1,
        "format": "jsonl",
        "gzip": True,
        "end_date": "2026-03-08",
        "duplicate_file": True,
        "late_file": True,
    }
    assert [file.role for file in manifest.files] == ["daily", "daily", "late", "duplicate"]
    assert "to be quarantined" in result.output


def test_the_last_day_is_over_and_the_set_is_plain_by_default(lake, tmp_path):
    result = lake("transactions", "--rows", 60)

    assert result.exit_code == 0, result.output
    manifest = Manifest.read(tmp_path / ".lake" / "generated" / "transactions")
    assert manifest.arguments.end_date < datetime.now(UTC).date().isoformat()
    assert {file.role for file in manifest.files} == {"daily"}


def test_json_prints_the_manifest_for_programs(lake, tmp_path):
    result = lake("transactions", "--rows", 60, "--out", tmp_path / "out", "--json")

    printed = json.loads(result.stdout)
    assert Manifest.model_validate(printed["manifest"]) == Manifest.read(tmp_path / "out")
    assert printed["directory"] == str(tmp_path / "out")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["--rows", 2, "--days", 3], "one row a day", id="fewer rows than days"),
        pytest.param(["--end-date", "2999-01-01"], "not over yet", id="future"),
        pytest.param(["--format", "parquet", "--gzip"], "compresses itself", id="gzipped parquet"),
        pytest.param(["--format", "xml"], "xml", id="unknown format"),
        pytest.param(["--dirty", 0.9], "0.9", id="mostly dirt"),
    ],
)
def test_words_that_are_off_exit_with_2_and_say_why(lake, tmp_path, words, message):
    result = lake("transactions", *words, "--out", tmp_path / "out")

    assert result.exit_code == 2
    assert message in " ".join(result.output.replace("│", " ").split())
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_an_unknown_dataset_is_not_found(lake):
    result = lake("dragons")

    assert isinstance(result.exception, NotFoundError)
    assert "transactions" in str(result.exception)
