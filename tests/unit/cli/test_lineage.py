"""`lake lineage`: a table or a column, both ways or one, and events sent again."""

import json

import pytest
from typer.testing import CliRunner

from cartlake.lineage.columns import CompiledSources, CompiledTable
from cartlake.lineage.model import SourceColumn, TableSources
from cartlake_cli import main
from cartlake_cli.commands.tables import lineage
from cartlake_cli.errors import Exit
from cartlake_cli.light_queries import column_lineage
from cartlake_cli.lineage.resending import Sent


@pytest.fixture
def call(lake, monkeypatch, tmp_path):
    """The command, in a checkout whose `fct_orders` has a few columns compiled."""
    sources = TableSources(
        {"order_id": (SourceColumn("processed.transactions", "order_id", "IDENTITY"),), "order_lines": ()},
        (SourceColumn("processed.transactions", "order_status", "FILTER"),),
    )
    path = tmp_path / "columns.json"
    path.write_text(CompiledSources(tables={"curated.fct_orders": CompiledTable.of(sources)}).model_dump_json())
    monkeypatch.setattr(column_lineage, "compiled_sources", lambda _: path)
    return lambda *words: CliRunner().invoke(main.app, ["--env", "dev", "lineage", *words])


def test_a_column_is_followed_to_the_files(call):
    answer = json.loads(call("fct_orders", "--column", "order_id", "--json").stdout)

    assert [one["other"] for one in answer["upstream"]] == [
        "processed.transactions.order_id",
        "incoming/transactions.order_id",
    ]
    assert answer["downstream"] == []


def test_a_column_is_followed_to_the_queries_that_read_it(call):
    answer = json.loads(call("customer_segments", "--column", "segment", "--downstream", "--json").stdout)

    assert {"depth": 1, "column": "curated.customer_segments.segment", "other": "rfm_segments", "how": "READ"} in (
        answer["downstream"]
    )


@pytest.mark.parametrize("way", ["upstream", "downstream"])
def test_one_way_alone(call, way):
    assert list(json.loads(call("curated.fct_orders", f"--{way}", "--json").stdout)) == [way]


def test_a_table_shows_each_column_and_what_decides_about_its_rows(call):
    shown = call("show", "fct_orders", "--upstream").output

    assert "curated.fct_orders.order_id" in shown
    assert "FILTER" in shown


def test_a_column_of_nothing_says_so(call):
    assert "made of no column" in call("fct_orders", "--column", "order_lines", "--upstream").output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["fct_order"], "There is no table 'fct_order'"),
        (["fct_orders", "--column", "nett"], "curated.fct_orders has no column 'nett'. It has: order_date, order_id"),
    ],
)
def test_an_unknown_table_or_column_is_told_with_those_there_are(call, words, told):
    result = call(*words)

    assert result.exception.code == Exit.NOT_FOUND
    assert told in str(result.exception)


class TestSend:
    @pytest.fixture
    def sent(self, monkeypatch):
        def set_up(**found):
            calls = []
            monkeypatch.setattr(lineage, "send_again", lambda *given: calls.append(given) or Sent(**found))
            return calls

        return set_up

    def test_runs_that_were_not_sent(self, call, sent):
        calls = sent(sent=["a", "b"])

        result = call("send", "--url", "http://m:5000")

        assert calls == [("artifacts", "http://m:5000", None)]
        assert result.exit_code == 0
        assert "Sent the events of 2 runs" in result.output

    def test_all_runs_since_a_day(self, call, sent):
        calls = sent()

        call("send", "--url", "http://m:5000", "--since", "2026-01-31")

        assert str(calls[0][2]) == "2026-01-31"

    def test_a_server_that_refuses_again_is_a_failure_that_says_what_is_left(self, call, sent):
        sent(sent=["a"], left=["b"], fault="http://m:5000 took longer than 30 s.")

        result = call("send", "--url", "http://m:5000")

        assert result.exception.code == Exit.FAILED
        assert "1 runs are left: http://m:5000 took longer than 30 s." in str(result.exception)

    def test_without_a_server_it_is_a_usage_error(self, call, monkeypatch):
        monkeypatch.delenv("CARTLAKE_LINEAGE_URL", raising=False)

        assert call("send").exit_code == Exit.USAGE
