"""On a real Iceberg table: pyiceberg's Glue catalog on moto, its files in a temporary folder."""

import boto3
import pyarrow as pa
import pytest
from pydantic import ValidationError

from cartlake.errors import TransientError
from cartlake.tables.catalog import load_catalog
from lambdas.table_publisher import adapters, handler
from lambdas.table_publisher.domain import (
    PublishError,
    Step,
    TableRewrittenError,
    TableState,
    plan_discard,
    plan_publish,
)
from tests.compacting import compact

TABLE = "processed.transactions"
BRANCH = "audit_transactions_20260131T083000_aaaaaa"
RUN_ID = "transactions-20260131T083000-aaaaaa"


PARENTS = {1: None, 2: 1, 3: 2, 4: 3, 5: 4, 6: 2}


class TestPlan:
    """1 ← 2 ← 3 is the history of main; 4 and 5 grew from 3, 6 from 2."""

    def state(self, **refs):
        return TableState(refs, PARENTS)

    @pytest.mark.parametrize(
        ("refs", "snapshot", "step"),
        [
            pytest.param({"main": 3, "b": 4}, 4, Step.FAST_FORWARD, id="one commit ahead"),
            pytest.param({"main": 3, "b": 5}, 5, Step.FAST_FORWARD, id="two commits ahead"),
            pytest.param({"b": 1}, 1, Step.FAST_FORWARD, id="first data of an empty table"),
            pytest.param({"main": 4, "b": 4}, 4, Step.DROP_BRANCH, id="published, branch left"),
            pytest.param({"main": 4}, 4, Step.NOTHING, id="published, branch dropped"),
            pytest.param({"main": 5}, 4, Step.NOTHING, id="published, and the next run as well"),
        ],
    )
    def test_what_to_do(self, refs, snapshot, step):
        assert plan_publish(self.state(**refs), "b", snapshot) is step

    @pytest.mark.parametrize(
        ("refs", "snapshot", "fault"),
        [
            pytest.param({"main": 3}, 4, "does not exist", id="branch is gone"),
            pytest.param({"main": 3, "b": 5}, 4, "another writer wrote since", id="branch moved after the audit"),
            pytest.param({"main": 3, "b": 6}, 6, "Main has moved to 3", id="main moved after the branch"),
            pytest.param({}, 4, "does not exist", id="nothing at all"),
        ],
    )
    def test_what_must_not_be_published(self, refs, snapshot, fault):
        with pytest.raises(PublishError, match=fault):
            plan_publish(self.state(**refs), "b", snapshot)

    @pytest.mark.parametrize(
        ("operations", "fault"),
        [
            pytest.param({7: "replace", 8: "replace"}, TableRewrittenError, id="compacted twice"),
            pytest.param({7: "append", 8: "replace"}, PublishError, id="rows came, then compacted"),
            pytest.param({7: "replace", 8: "overwrite"}, PublishError, id="compacted, then rows came"),
            pytest.param({8: "replace"}, PublishError, id="what one of them did is not known"),
            pytest.param({}, PublishError, id="nothing is known"),
        ],
    )
    def test_a_main_that_was_only_compacted_since_is_told_apart(self, operations, fault):
        """7 grew from 3, 8 from 7."""
        state = TableState({"main": 8, "b": 4}, PARENTS | {7: 3, 8: 7}, operations)

        with pytest.raises((PublishError, TableRewrittenError)) as refused:
            plan_publish(state, "b", 4)

        assert refused.type is fault

    def test_the_base_may_have_expired(self):
        state = TableState({"main": 7, "b": 4}, {4: 3, 7: 3}, {7: "replace"})

        with pytest.raises(TableRewrittenError):
            plan_publish(state, "b", 4)

    def test_a_compacted_table_of_another_history_is_not_taken_for_the_same(self):
        state = TableState({"main": 8, "b": 4}, PARENTS | {7: None, 8: 7}, {7: "replace", 8: "replace"})

        with pytest.raises(PublishError):
            plan_publish(state, "b", 4)

    def test_deletes_do_not_replace_what_was_remembered_meanwhile(self):
        refs = {"main": 3, "b": 4, "b_deleted_keys": 6, "deleted_keys": 5}

        with pytest.raises(PublishError, match=r"deleted_keys has moved to 5, which is no ancestor .* at 6"):
            plan_publish(self.state(**refs), "b", 4)

    def test_main_is_never_discarded(self):
        assert plan_discard(self.state(main=3), "main") is Step.NOTHING


ROWS = pa.table({"order_id": ["o1"]})


@pytest.fixture
def table(account, tmp_path):
    """A table with one row on main and one more on the audit branch."""
    boto3.client("glue").create_database(DatabaseInput={"Name": "processed"})
    table = load_catalog().create_table(TABLE, ROWS.schema, location=f"file://{tmp_path}/transactions")
    table.append(ROWS)
    table.manage_snapshots().create_branch(table.current_snapshot().snapshot_id, BRANCH).commit()
    table.append(ROWS, branch=BRANCH)
    return table


@pytest.fixture
def head(table):
    return str(table.refresh().metadata.refs[BRANCH].snapshot_id)


@pytest.fixture
def call(table, lambda_context):
    def publisher(action, **fields):
        request = {"action": action, "table": TABLE, "branch": BRANCH, "run_id": RUN_ID, **fields}
        return handler.lambda_handler(request, lambda_context)

    return publisher


def rows(table):
    return table.refresh().scan().to_arrow().num_rows


def refs(table):
    return set(table.refresh().metadata.refs)


def test_publishing_moves_main_and_drops_the_branch(table, head, call):
    assert rows(table) == 1

    assert call("publish", snapshot_id=head) == {"published_snapshot_id": head}

    assert rows(table) == 2
    assert refs(table) == {"main"}


def test_publishing_is_one_commit(table, head, call):
    before = len(table.refresh().metadata.metadata_log)

    call("publish", snapshot_id=head)

    assert len(table.refresh().metadata.metadata_log) == before + 1


def test_publishing_twice_is_publishing_once(table, head, call):
    call("publish", snapshot_id=head)

    assert call("publish", snapshot_id=head) == {"published_snapshot_id": head}
    assert rows(table) == 2


def test_a_snapshot_is_found_once_readers_see_it(table, head, call):
    assert call("find", snapshot_id=head) == {"is_published": False}
    call("publish", snapshot_id=head)
    table.refresh().append(ROWS)
    assert call("find", snapshot_id=head) == {"is_published": True}
    assert call("find", snapshot_id="1") == {"is_published": False}


def test_publishing_again_after_the_next_run_changes_nothing(table, head, call):
    call("publish", snapshot_id=head)
    table.refresh().append(ROWS)

    assert call("publish", snapshot_id=head) == {"published_snapshot_id": head}
    assert rows(table) == 3


def test_a_branch_is_not_published_over_a_main_that_has_moved(table, head, call):
    table.refresh().append(ROWS)

    with pytest.raises(PublishError, match="Main has moved"):
        call("publish", snapshot_id=head)

    assert rows(table) == 2
    assert BRANCH in refs(table)


def test_a_branch_is_not_published_over_a_main_that_was_compacted_and_the_run_may_be_repeated(table, head, call):
    compacted = compact(table.refresh())

    with pytest.raises(TableRewrittenError, match=f"compacted, to {compacted}"):
        call("publish", snapshot_id=head)

    assert (rows(table), refs(table)) == (1, {"main", BRANCH})


def test_a_branch_is_not_published_over_a_main_that_was_compacted_and_written_to(table, head, call):
    compact(table.refresh())
    table.refresh().append(ROWS)

    with pytest.raises(PublishError, match="Main has moved"):
        call("publish", snapshot_id=head)


def test_a_snapshot_that_was_not_audited_is_not_published(table, head, call):
    table.refresh().append(ROWS, branch=BRANCH)

    with pytest.raises(PublishError, match="another writer wrote since"):
        call("publish", snapshot_id=head)

    assert rows(table) == 1


def test_a_commit_that_comes_in_between_is_not_overwritten(table, head, call, monkeypatch):
    commit = adapters.IcebergTable.fast_forward

    def late(self, branch):
        table.refresh().append(ROWS)
        commit(self, branch)

    with monkeypatch.context() as race:
        race.setattr(adapters.IcebergTable, "fast_forward", late)
        with pytest.raises(TransientError, match="came first"):
            call("publish", snapshot_id=head)
    assert rows(table) == 2

    with pytest.raises(PublishError, match="Main has moved"):
        call("publish", snapshot_id=head)


def test_a_commit_that_had_no_effect_is_not_reported_as_a_success(table, head, call, monkeypatch):
    monkeypatch.setattr(adapters.IcebergTable, "fast_forward", lambda *_: None)

    with pytest.raises(PublishError, match="main is at"):
        call("publish", snapshot_id=head)


def test_settings_of_main_survive(table, head, call):
    table.manage_snapshots().create_branch(
        table.refresh().current_snapshot().snapshot_id, "main", min_snapshots_to_keep=7
    ).commit()

    call("publish", snapshot_id=head)

    assert table.refresh().metadata.refs["main"].min_snapshots_to_keep == 7


def test_discarding_drops_the_branch_and_leaves_main(table, call):
    assert call("discard") == {"discarded": True}
    assert call("discard") == {"discarded": False}

    assert refs(table) == {"main"}
    assert rows(table) == 1


def test_a_run_that_wrote_nothing_publishes_nothing(table, call):
    assert call("publish", snapshot_id=None) == {"published_snapshot_id": None}

    assert rows(table) == 1
    assert refs(table) == {"main"}


@pytest.mark.parametrize("fields", [{"snapshot_id": "x"}, {"snapshot_id": 12}, {}])
def test_a_malformed_request_is_refused(table, call, fields):
    with pytest.raises(ValidationError):
        call("publish", **fields)


DELETED = f"{BRANCH}_deleted_keys"


@pytest.fixture
def deleted(table):
    """One more row, on the branch of what the run remembers as deleted. Returns the heads of branches by name."""
    table.manage_snapshots().create_branch(table.current_snapshot().snapshot_id, DELETED).commit()
    table.append(ROWS, branch=DELETED)
    return lambda: {name: ref.snapshot_id for name, ref in table.refresh().metadata.refs.items()}


def test_deletes_are_published_in_the_commit_of_the_rows(table, head, call, deleted):
    added, before = deleted()[DELETED], len(table.refresh().metadata.metadata_log)

    assert call("publish", snapshot_id=head) == {"published_snapshot_id": head}

    assert deleted() == {"main": int(head), "deleted_keys": added}
    assert len(table.refresh().metadata.metadata_log) == before + 1
    assert call("publish", snapshot_id=head) == {"published_snapshot_id": head}


def test_deletes_are_published_where_no_row_was_written(table, call, deleted):
    added, main = deleted()[DELETED], deleted()["main"]

    assert call("publish", snapshot_id=None) == {"published_snapshot_id": None}
    assert call("publish", snapshot_id=None) == {"published_snapshot_id": None}

    assert deleted() == {"main": main, "deleted_keys": added}


def test_deletes_that_are_not_published_are_discarded(table, call, deleted):
    main = deleted()["main"]

    assert call("discard") == {"discarded": True}

    assert deleted() == {"main": main}
