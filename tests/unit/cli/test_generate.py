import json
from datetime import UTC, datetime

import pytest
import typer
from typer.testing import CliRunner

from cartlake_cli.commands.lake import generate as commands
from cartlake_cli.context import Lake
from cartlake_cli.errors import NotFoundError
from cartlake_cli.output import Output
from generators.manifests.transactions import Manifest
from generators.manifests.world import WorldManifest


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
        pytest.param(["--late-rates"], "transactions takes no --late-rates", id="option of a world"),
        pytest.param(["--start-date", "2026-01-01"], "run `lake generate all`", id="first day"),
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


TINY = ("--days", 3, "--orders-per-day", 20, "--start-date", "2026-03-06")


def test_a_world_is_written_as_asked_and_summed_up(lake, tmp_path):
    result = lake("all", *TINY, "--seed", 9, "--dirty", 0.1, "--format", "jsonl", "--gzip", "--out", tmp_path / "out")

    assert result.exit_code == 0, result.output
    manifest = WorldManifest.read(tmp_path / "out")
    assert manifest.arguments.model_dump(exclude={"datasets"}) == {
        "days": 3,
        "orders_per_day": 20,
        "seed": 9,
        "start_date": "2026-03-06",
        "end_date": "2026-03-08",
        "dirty": 0.1,
        "format": "jsonl",
        "gzip": True,
        "late_rates": False,
        "price_demand": False,
    }
    assert (tmp_path / "out" / "clickstream" / "clickstream-2026-03-08.jsonl.gz").exists()
    assert "World of 3 days" in result.output
    assert all(dataset in result.output for dataset in manifest.datasets)
    assert "sessions of people" in result.output


def test_two_dates_say_how_many_days(lake, tmp_path):
    dates = ("--start-date", "2026-03-06", "--end-date", "2026-03-07")

    result = lake("vendors", *dates, "--orders-per-day", 5, "--late-rates", "--out", tmp_path / "out", "--json")

    printed = json.loads(result.stdout)
    manifest = WorldManifest.model_validate(printed["manifest"])
    assert manifest == WorldManifest.read(tmp_path / "out")
    assert (manifest.arguments.days, manifest.arguments.late_rates) == (2, True)
    assert manifest.arguments.datasets == ("vendors",)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"vendors", "manifest.json"}


def test_a_world_ends_yesterday_and_lies_in_its_own_folder_by_default(lake, tmp_path):
    result = lake("all", "--days", 2, "--orders-per-day", 5)

    assert result.exit_code == 0, result.output
    manifest = WorldManifest.read(tmp_path / ".lake" / "generated" / "all")
    assert manifest.arguments.end_date < datetime.now(UTC).date().isoformat()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["--rows", 10], "all takes no --rows: leave it out", id="rows"),
        pytest.param(["--late-file"], "run `lake generate transactions`", id="late file"),
        pytest.param(["--end-date", "2999-01-01"], "not over yet", id="future"),
        pytest.param(["--start-date", "2999-01-01"], "not over yet", id="starts in the future"),
        pytest.param(["--start-date", "2010-01-01"], "from 2020-01-01 on", id="too long ago"),
        pytest.param([*TINY, "--end-date", "2026-03-20"], "leave out one of the two dates", id="dates that disagree"),
    ],
)
def test_a_world_refuses_what_it_cannot_do_and_says_why(lake, tmp_path, words, message):
    result = lake("all", *words, "--out", tmp_path / "out")

    assert result.exit_code == 2
    assert message in " ".join(result.output.replace("│", " ").split())
    assert not (tmp_path / "out" / "manifest.json").exists()
