"""What the ledger answers a task: the lake's own ledger writes, and the package reads."""

import boto3
import pytest

from cartlake.ledger import FileState
from cartlake.refresh.graph import WHOLE
from cartlake.runs.documents import RowCounts
from cartlake_airflow.errors import BadTaskError
from cartlake_airflow.questions import ask

RUN = "transactions-20260901T060000-aaaaaa"
REFRESH = "refresh-20260901T060100-aaaaaa"
COUNTS = RowCounts(read=10, published=7, quarantined=2, duplicate=1)


@pytest.fixture
def asks(dag_lake):
    return lambda question, about: ask(dag_lake, question, about)


@pytest.fixture
def put(dag_lake):
    """Others drop a file."""

    def drop(name="a.csv", body=b"first"):
        key = f"incoming/transactions/{name}"
        boto3.client("s3").put_object(Bucket="raw", Key=key, Body=body)
        return key

    return drop


@pytest.fixture
def claims(ledger):
    def claim(file, run_id=RUN):
        ledger.locks.acquire("transactions", run_id)
        ledger.runs.start(run_id)
        ledger.runs.claim(run_id, [file])

    return claim


@pytest.fixture
def loads(ledger, claims):
    """A run loads a file and ends."""

    def load(file, run_id=RUN):
        claims(file, run_id)
        ledger.stale.mark(run_id, "processed.transactions", WHOLE)
        ledger.runs.loaded(run_id, [file.file_id])
        ledger.runs.finish(run_id, COUNTS, "s3://artifacts/transform.json")
        ledger.locks.release("transactions", run_id)

    return load


class TestFile:
    def test_it_waits_for_the_object_for_the_verdict_and_for_the_run(self, asks, put, received, claims, ledger):
        key = "incoming/transactions/a.csv"
        said = [asks("key_is_loaded", key)]
        put()
        said.append(asks("key_is_loaded", key))
        file = received(key)
        said.append(asks("key_is_loaded", key))
        claims(file)
        said.append(asks("key_is_loaded", key))
        ledger.runs.loaded(RUN, [file.file_id])
        said.append(asks("key_is_loaded", key))

        assert {answer.state for answer in said} == {"waiting"}
        assert [answer.message for answer in said] == [
            "there is no object incoming/transactions/a.csv yet",
            "the lake has not received the file yet",
            "the file is VALIDATED",
            "the file is CLAIMED",
            f"run {RUN} is about to end",
        ]

    def test_loaded_it_gives_the_counts_of_its_run(self, asks, put, received, loads):
        file = received(put())
        loads(file)
        assert asks("key_is_loaded", file.key) == asks("file_is_loaded", file.file_id)
        assert asks("file_is_loaded", file.file_id).result == {
            "file_id": file.file_id,
            "key": file.key,
            "dataset": "transactions",
            "state": "LOADED",
            "run_id": RUN,
            "files": 1,
            "rows": {"read": 10, "published": 7, "quarantined": 2, "duplicate": 1},
        }

    def test_rejected_it_fails_with_the_reason_and_what_to_do(self, asks, put, received):
        file = received(put(), rejected="renamed_columns")
        answer = asks("file_is_loaded", file.file_id)
        assert (answer.state, answer.again) == ("failed", False)
        assert "is REJECTED: renamed_columns. The header has other columns." in answer.message
        assert f"lake quarantine replay transactions --file {file.file_id}" in answer.message

    def test_where_its_run_failed_it_fails_and_may_be_tried_again(self, asks, put, received, claims, ledger):
        file = received(put())
        claims(file)
        ledger.runs.fail(RUN, "AuditError", "too few rows")
        answer = asks("file_is_loaded", file.file_id)
        assert (answer.state, answer.again) == ("failed", True)
        assert "AuditError: too few rows" in answer.message

    def test_a_duplicate_waits_for_the_file_with_its_content_and_gives_its_run(self, asks, put, received, loads):
        first, second = received(put("a.csv")), received(put("b.csv"))
        assert second.state is FileState.DUPLICATE
        assert asks("file_is_loaded", second.file_id).state == "waiting"
        loads(first)
        found = asks("file_is_loaded", second.file_id).result
        assert (found["state"], found["run_id"], found["key"]) == ("DUPLICATE", RUN, second.key)

    def test_a_duplicate_of_a_file_that_failed_fails_and_names_it(self, asks, put, received, claims, ledger):
        first, second = received(put("a.csv")), received(put("b.csv"))
        claims(first)
        ledger.runs.fail(RUN, "AuditError", "too few rows")
        answer = asks("file_is_loaded", second.file_id)
        assert (answer.state, answer.again) == ("failed", True)
        assert f"File {second.key} " in answer.message
        assert "It is a duplicate of incoming/transactions/a.csv, which was not loaded." in answer.message


class TestRun:
    def test_it_waits_for_the_first_step_and_the_last(self, asks, ledger):
        assert asks("run_has_ended", REFRESH).message == f"run {REFRESH} has not begun its first step yet"
        ledger.runs.start(REFRESH)
        assert asks("run_has_ended", REFRESH).message == f"run {REFRESH} is RUNNING"
        ledger.runs.finish(REFRESH, None, "")
        assert asks("run_has_ended", REFRESH).result == {"run_id": REFRESH, "state": "SUCCEEDED"}

    def test_failed_it_says_why_and_may_be_tried_again(self, asks, ledger):
        ledger.runs.fail(REFRESH, "RefreshError", "sums: no")
        answer = asks("run_has_ended", REFRESH)
        assert (answer.state, answer.again) == ("failed", True)
        assert "failed with RefreshError: sums: no" in answer.message

    def test_a_lock_is_released_when_that_run_has_it_no_more(self, asks, ledger):
        about = f"refresh/{REFRESH}"
        ledger.locks.acquire("refresh", REFRESH)
        assert asks("lock_is_released", about).message == f"{REFRESH} has the lock of refresh"
        ledger.locks.take_over("refresh", REFRESH, "refresh-20260901T060200-bbbbbb")
        assert asks("lock_is_released", about).state == "done"
        ledger.locks.release("refresh", "refresh-20260901T060200-bbbbbb")
        assert asks("lock_is_released", about).state == "done"


class TestTables:
    @pytest.fixture
    def loaded(self, put, received, loads):
        loads(received(put()))

    @pytest.fixture
    def refreshes(self, ledger):
        def begin(run_id=REFRESH):
            ledger.locks.acquire("refresh", run_id)
            ledger.runs.start(run_id)
            ledger.stale.claim(run_id)

        return begin

    def test_they_wait_for_the_run_that_loads(self, asks, put, received, claims):
        claims(received(put()))
        assert asks("tables_are_rebuilt", RUN).message == f"run {RUN} is RUNNING"

    def test_they_wait_until_a_refresh_has_begun_and_has_ended(self, asks, loaded, refreshes, ledger):
        assert asks("tables_are_rebuilt", RUN).message == f"no refresh has begun for what run {RUN} changed"
        refreshes()
        assert asks("tables_are_rebuilt", RUN).message == f"refresh {REFRESH} is running"
        ledger.runs.finish(REFRESH, None, "")
        ledger.locks.release("refresh", REFRESH)
        assert asks("tables_are_rebuilt", RUN).result == {"run_id": RUN}

    def test_a_refresh_of_what_others_changed_is_not_waited_for(self, asks, loaded, refreshes, ledger):
        refreshes()
        ledger.runs.finish(REFRESH, None, "")
        ledger.locks.release("refresh", REFRESH)
        ledger.stale.mark("customers-20260901T060000-cccccc", "processed.customers", WHOLE)
        refreshes("refresh-20260901T070000-bbbbbb")
        assert asks("tables_are_rebuilt", RUN).state == "done"

    def test_a_refresh_that_failed_fails_until_the_next_one_has_begun(self, asks, loaded, refreshes, ledger):
        refreshes()
        ledger.runs.fail(REFRESH, "RefreshError", "sums: no")
        ledger.locks.release("refresh", REFRESH)
        answer = asks("tables_are_rebuilt", RUN)
        assert (answer.state, answer.again) == ("failed", False)
        assert f"The refresh of what run {RUN} changed failed." in answer.message

        refreshes("refresh-20260901T070000-bbbbbb")
        assert asks("tables_are_rebuilt", RUN).message == "refresh refresh-20260901T070000-bbbbbb is running"

    def test_a_load_that_failed_fails(self, asks, ledger):
        ledger.runs.fail(RUN, "AuditError", "too few rows")
        assert asks("tables_are_rebuilt", RUN).state == "failed"


def test_another_question_is_refused(asks):
    with pytest.raises(BadTaskError, match="no question 'how_are_you'"):
        asks("how_are_you", RUN)
