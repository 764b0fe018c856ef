"""`lake recompute`, and the refresh in `lake runs` and `lake run show`."""

import json

import pytest
from typer.testing import CliRunner

from cartlake.runs.documents import Difference, RefreshReport, TableRefresh
from cartlake_cli import main
from cartlake_cli.commands.runs import recompute
from cartlake_cli.errors import Exit

RUN = "refresh-20260131T083000-aaaaaa"
LOAD = "events-20260131T080000-cccccc"

pytestmark = pytest.mark.usefixtures("few_tables")


class TestCommand:
    @pytest.fixture
    def call(self, lake, monkeypatch):
        def run(*words, tables=()):
            report = RefreshReport(run_id=RUN, tables=tables, started_at="", ended_at="")
            for name in ("run_check", "run_recompute"):
                monkeypatch.setattr(recompute, name, lambda *_: report)
            return CliRunner().invoke(main.app, ["--env", "dev", "recompute", *words])

        return run

    def test_rebuilt_tables_are_listed(self, call):
        result = call(
            "sums", tables=[TableRefresh(table="processed.sums", scope="all rows", outcome="rebuilt", rows=7)]
        )

        assert result.exit_code == 0
        assert "processed.sums" in result.output

    def test_a_comparison_without_difference_says_so(self, call):
        checked = TableRefresh(table="processed.sums", scope="all rows", outcome="checked", rows=7)

        assert call("sums", "--check", tables=[checked]).exit_code == 0

    @pytest.mark.parametrize("as_json", [True, False])
    def test_a_difference_is_shown_and_fails_the_command(self, call, as_json):
        found = Difference(only_in="stored", rows=2, example={"id": "x-1"})
        table = TableRefresh(table="processed.sums", scope="all rows", outcome="checked", differences=[found])

        result = call("sums", "--check", *(["--json"] if as_json else []), tables=[table])

        assert result.exit_code == Exit.FAILED
        assert "x-1" in result.stdout
        if as_json:
            assert json.loads(result.stdout)["tables"][0]["differences"][0]["rows"] == 2

    def test_without_a_table_it_is_a_usage_error(self, call):
        assert call().exit_code == Exit.USAGE


class TestRuns:
    def test_runs_of_the_refresh_are_listed_with_the_others(self, lake, begins, ends, monkeypatch):
        monkeypatch.setattr("cartlake_cli.commands.runs.runs.contracts.names", lambda: ("events",))
        lake.ledger.runs.start(LOAD)
        begins()
        ends()

        result = CliRunner().invoke(main.app, ["--env", "dev", "runs", "--json"])

        assert {run["run_id"] for run in json.loads(result.stdout)} == {LOAD, RUN}

    def test_a_run_of_the_refresh_shows_its_tables(self, lake, begins, ends):
        begins()
        ends()

        shown = CliRunner().invoke(main.app, ["--env", "dev", "run", "show", RUN])
        as_json = CliRunner().invoke(main.app, ["--env", "dev", "run", "show", RUN, "--json"])

        assert shown.exit_code == 0
        assert "processed.sums" in shown.stdout
        assert json.loads(as_json.stdout)["reports"]["refresh"]["tables"][0]["outcome"] == "rebuilt"
