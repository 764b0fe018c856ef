"""Tables rebuilt or compared: marks, the refresh that takes them, its report."""

import json

import pytest
from botocore.exceptions import ClientError

from cartlake.refresh.graph import WHOLE
from cartlake.runs.ids import Workflow
from cartlake_cli.errors import CommandError, NotFoundError
from cartlake_cli.operations import follow, recompute

RUN = "refresh-20260131T083000-aaaaaa"
OTHER_RUN = "refresh-20260131T084000-bbbbbb"
LOAD = "events-20260131T080000-cccccc"


pytestmark = pytest.mark.usefixtures("few_tables")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch, others):
    # The module's own clock: threads of other tests go on sleeping by the real one.
    monkeypatch.setattr(recompute, "time", others.clock)
    for name in ("follow_refresh", "wait_for_refresh"):
        waiting = getattr(follow, name)
        monkeypatch.setattr(recompute, name, lambda lake, waiting=waiting: waiting(lake, pause=others.pause))


class TestNames:
    def test_tables_are_built_in_their_order_however_they_are_named(self):
        assert recompute.physical_names(["totals", "processed.sums", "sums"]) == ["processed.sums", "processed.totals"]

    def test_all_are_all_that_are_built(self, few_tables):
        assert recompute.physical_names(["all"]) == list(few_tables.order)
        assert "processed.events" not in few_tables.order

    @pytest.mark.parametrize("name", ["events", "nothing"])
    def test_a_table_that_is_not_built_names_those_that_are(self, name):
        with pytest.raises(NotFoundError, match=f"'{name}'.*processed.sums"):
            recompute.physical_names(["sums", name])


class TestRecompute:
    def test_tables_are_marked_whole_the_refresh_is_started_and_its_report_returned(self, lake, others, begins, ends):
        others.acts = [begins, ends]

        report = recompute.run_recompute(lake, ["processed.sums"])

        assert [(one.table, one.outcome) for one in report.tables] == [("processed.sums", "rebuilt")]
        (call,) = others.invoked
        assert (call["FunctionName"], call["Qualifier"], json.loads(call["Payload"])) == (
            "test-run-coordinator",
            "live",
            {"action": "start", "subject": Workflow.REFRESH, "at_once": True},
        )
        (mark,) = lake.ledger.stale.of_run(RUN)
        assert (mark.table, mark.scope) == ("processed.sums", WHOLE)

    def test_a_refresh_at_work_before_is_waited_for_and_not_reported(self, lake, others, begins, ends):
        lake.ledger.stale.mark(LOAD, "processed.totals", WHOLE)
        begins()
        others.acts = [
            lambda: ends(names=["processed.totals"]),
            lambda: begins(OTHER_RUN),
            lambda: ends(OTHER_RUN),
        ]

        report = recompute.run_recompute(lake, ["processed.sums"])

        assert (report.run_id, [one.table for one in report.tables]) == (OTHER_RUN, ["processed.sums"])

    def test_a_refresh_that_had_begun_but_claimed_nothing_yet_may_take_the_marks(self, lake, others, begins, ends):
        lake.ledger.locks.acquire(Workflow.REFRESH, RUN)
        lake.ledger.runs.start(RUN)
        others.acts = [begins, ends]

        assert recompute.run_recompute(lake, ["processed.sums"]).run_id == RUN

    def test_marks_that_two_refreshes_shared_are_one_report(self, lake, others, begins, ends):
        others.acts = [
            begins,
            lambda: lake.ledger.stale.mark(request(lake), "processed.totals", WHOLE),
            ends,
            lambda: begins(OTHER_RUN),
            lambda: ends(OTHER_RUN, ["processed.totals"]),
        ]

        report = recompute.run_recompute(lake, ["processed.sums"])

        assert [one.table for one in report.tables] == ["processed.sums", "processed.totals"]

    def test_a_refresh_that_fails_is_an_error_that_says_where_to_look(self, lake, others, begins, fails):
        others.acts = [begins, fails]

        with pytest.raises(CommandError, match="`lake runs --dataset refresh`"):
            recompute.run_recompute(lake, ["processed.sums"])

    def test_a_refresh_that_cannot_be_started_is_an_error(self, lake, others, monkeypatch):
        class Payload:
            def read(self):
                return b'{"errorMessage": "no such machine"}'

        monkeypatch.setattr(others, "invoke", lambda **_: {"FunctionError": "Unhandled", "Payload": Payload()})

        with pytest.raises(CommandError, match="no such machine"):
            recompute.run_recompute(lake, ["processed.sums"])


def request(lake):
    (mark,) = lake.ledger.stale.of_run(RUN)
    return mark.run_id


class TestCheck:
    @pytest.fixture
    def compared(self, lake, others, ends):
        """The execution that was started compares, and finds what is given."""

        def act(*differences):
            (execution,) = others.started
            lake.ledger.runs.start(execution["name"])
            ends(execution["name"], outcome="checked", differences=differences)

        return act

    def test_the_comparison_is_an_execution_under_the_lock_and_marks_nothing(self, lake, others, compared):
        others.acts = [compared]

        report = recompute.run_check(lake, ["processed.sums"])

        (execution,) = others.started
        assert execution["stateMachineArn"] == lake.outputs.state_machine_arns[Workflow.REFRESH]
        assert json.loads(execution["input"]) == {
            "subject": Workflow.REFRESH,
            "run_id": execution["name"],
            "check": ["processed.sums"],
        }
        assert (report.run_id, report.tables[0].outcome) == (execution["name"], "checked")
        assert lake.ledger.stale.pending() == []
        assert others.invoked == []

    def test_a_refresh_at_work_is_waited_for(self, lake, others, begins, ends, compared):
        begins()
        others.acts = [lambda: None, ends, compared]

        assert recompute.run_check(lake, ["processed.sums"]).tables[0].outcome == "checked"

    def test_tables_that_an_earlier_failure_left_stale_can_be_compared(self, lake, others, begins, fails, compared):
        lake.ledger.stale.mark(LOAD, "processed.totals", WHOLE)
        begins()
        fails()
        others.acts = [compared]

        assert recompute.run_check(lake, ["processed.sums"]).tables[0].outcome == "checked"

    def test_a_comparison_that_cannot_be_started_does_not_keep_the_lock(self, lake, others):
        others.refuse = ClientError({"Error": {"Code": "AccessDeniedException"}}, "StartExecution")

        with pytest.raises(ClientError):
            recompute.run_check(lake, ["processed.sums"])

        assert lake.ledger.locks.get(Workflow.REFRESH) is None

    def test_a_refresh_that_the_router_began_under_our_lock_keeps_it(self, lake, others):
        others.refuse = ClientError({"Error": {"Code": "ExecutionAlreadyExists"}}, "StartExecution")

        with pytest.raises(CommandError, match="check again"):
            recompute.run_check(lake, ["processed.sums"])

        assert lake.ledger.locks.get(Workflow.REFRESH) is not None

    def test_a_comparison_that_fails_is_an_error_with_its_cause(self, lake, others, fails):
        others.acts = [lambda: fails(others.started[0]["name"])]

        with pytest.raises(CommandError, match="RefreshError: sums: no"):
            recompute.run_check(lake, ["processed.sums"])
