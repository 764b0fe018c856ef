"""Changes of records: what is logged of them, and the state again from the log."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ministack.core.responses import AccountRegionScopedDict, AccountScopedDict
from ministack.services import (
    athena,
    dynamodb,
    eventbridge,
    glue,
    iam,
    lambda_svc,
    s3,
    scheduler,
    secretsmanager,
    sns,
    sqs,
    ssm,
    stepfunctions,
)

from localaws.emr_serverless import service as emr_serverless
from localaws.state import stores
from localaws.state.changes import ALL_ITEMS
from localaws.state.marks import EVERY_KEY, Marks, RequestMarks
from localaws.state.recorder import Recorder
from localaws.state.replay import Replay
from localaws.state.requests import effects
from localaws.state.stores import Place, Stores, records, stores_of

SERVICES = {
    "athena": athena,
    "dynamodb": dynamodb,
    "emr_serverless": emr_serverless,  # MiniStack has it under this name
    "eventbridge": eventbridge,
    "glue": glue,
    "iam": iam,
    "lambda": lambda_svc,
    "s3": s3,
    "scheduler": scheduler,
    "secretsmanager": secretsmanager,
    "sns": sns,
    "sqs": sqs,
    "ssm": ssm,
    "stepfunctions": stepfunctions,
}


class Log:
    """A log in memory."""

    def __init__(self):
        self.batches = []
        self.is_full = False

    def append(self, batch):
        if self.is_full:
            raise OSError("No space left on device")
        self.batches.append(batch)

    def changes(self):
        return [change for batch in self.batches for change in json.loads(batch)]


class Logged:
    """One store, its recorder and its log."""

    def __init__(self, service, member, kind=AccountRegionScopedDict):
        self.service, self.member, self.kind = service, member, kind
        self.store, self.log, self.marks = kind(), Log(), Marks()
        all_stores = Stores()
        all_stores.add(self.store, Place(service, member))
        self.recorder = Recorder(self.log, all_stores, self.marks, json.dumps)

    def key(self, name):
        return ("000000000000", "us-east-1", name) if self.kind is AccountRegionScopedDict else ("000000000000", name)

    def put(self, name, record):
        self.store[name] = record
        self.flush(name)

    def flush(self, name, *parts):
        marked = {(id(self.store), self.key(name), part): self.store for part in parts or (None,)}
        self.recorder.flush(marked)

    def replayed(self, saved=None):
        """The store from a state that was saved, and the log."""
        state = {self.member: self.kind()}
        records(state[self.member]).update({key: json.loads(json.dumps(value)) for key, value in (saved or {}).items()})
        replay = Replay(map(json.loads, self.log.batches))
        state = replay.apply(self.service, state)
        return {key[-1]: value for key, value in records(state[self.member]).items()}


def message(number, visible_at=0.0):
    return {"id": str(number), "body": "b", "visible_at": visible_at, "receive_count": 0, "receipt_handle": None}


def queue(*messages):
    return {"name": "q", "attributes": {"VisibilityTimeout": "30"}, "messages": list(messages)}


class TestWhole:
    @pytest.mark.parametrize("kind", [AccountRegionScopedDict, AccountScopedDict])
    def test_a_record_is_there_again_as_it_was_last(self, kind):
        logged = Logged("glue", "databases", kind)
        logged.put("a", {"n": 1})
        logged.put("b", {"n": 1})
        logged.put("a", {"n": 2})
        del logged.store["b"]
        logged.flush("b")

        assert logged.replayed() == {"a": {"n": 2}}

    def test_one_that_did_not_change_is_not_logged_again(self):
        logged = Logged("glue", "databases")
        logged.put("a", {"n": 1})
        logged.flush("a")
        logged.flush("never there")

        assert len(logged.log.batches) == 1

    def test_one_that_was_loaded_and_deleted_is_gone(self):
        logged = Logged("glue", "databases")
        logged.store["loaded"] = {"n": 1}
        logged.recorder.start()
        del logged.store["loaded"]
        logged.flush("loaded")

        assert logged.replayed({logged.key("loaded"): {"n": 1}}) == {}

    def test_objects_are_not_logged_with_their_bucket(self):
        logged = Logged("s3", "buckets_meta", AccountScopedDict)
        logged.put("b", {"created": "now", "objects": {"k": {"body": None}}})

        assert logged.replayed() == {"b": {"created": "now"}}

    def test_an_execution_is_logged_at_its_begin_and_at_its_end(self):
        logged = Logged("stepfunctions", "executions")
        execution = {"status": "RUNNING", "stopDate": None, "events": [1]}
        logged.put("e", execution)
        execution["events"].append(2)
        logged.flush("e")
        assert len(logged.log.batches) == 1
        execution |= {"status": "SUCCEEDED", "stopDate": "now"}
        logged.recorder.flush_threads()  # nobody read it again: it is looked at because it was running

        assert logged.replayed() == {"e": {"status": "SUCCEEDED", "stopDate": "now", "events": [1, 2]}}

    def test_what_could_not_be_written_is_written_with_the_next_change(self):
        logged = Logged("glue", "databases")
        logged.log.is_full = True
        with pytest.raises(OSError, match="No space"):
            logged.put("a", {"n": 1})
        logged.log.is_full = False
        logged.flush("a")

        assert logged.replayed() == {"a": {"n": 1}}


class TestQueue:
    def test_only_messages_that_changed_are_logged(self):
        logged = Logged("sqs", "queues")
        logged.put("q", queue(message(1), message(2)))
        before = len(logged.log.changes())
        logged.store["q"]["messages"].append(message(3))
        logged.store["q"]["messages"][0] |= {"visible_at": 9.0, "receive_count": 1, "receipt_handle": "r"}
        logged.store["q"]["messages"] = [one for one in logged.store["q"]["messages"] if one["id"] != "2"]
        logged.flush("q", "1")

        assert [change[3] for change in logged.log.changes()[before:]] == ["3", "1", "2"]
        assert logged.replayed() == {"q": logged.store["q"]}

    def test_what_could_not_be_written_is_written_with_the_next_change(self):
        logged = Logged("sqs", "queues")
        logged.put("q", queue(message(1)))
        logged.store["q"]["messages"].append(message(2))
        logged.log.is_full = True
        with pytest.raises(OSError, match="No space"):
            logged.flush("q")
        logged.log.is_full = False
        logged.flush("q")

        assert logged.replayed() == {"q": logged.store["q"]}

    def test_a_message_that_was_loaded_and_deleted_is_gone(self):
        logged = Logged("sqs", "queues")
        logged.store["q"] = queue(message(1), message(2))
        saved = {logged.key("q"): queue(message(1), message(2))}
        logged.recorder.start()
        del logged.store["q"]["messages"][0]
        logged.flush("q")

        assert [one["id"] for one in logged.replayed(saved)["q"]["messages"]] == ["2"]
        assert len(logged.log.changes()) == 2, "the queue's attributes and the deleted message"

    def test_a_change_of_a_queue_that_was_deleted_in_the_saved_state_is_ignored(self):
        change = ["sqs", "queues", repr(("0", "r", "q")), "1", message(1)]

        state = Replay([[change]]).apply("sqs", {"queues": AccountRegionScopedDict()})

        assert records(state["queues"]) == {}


class TestTable:
    def table(self, items):
        counts = {"ItemCount": 0, "TableSizeBytes": 0}
        return {"TableName": "t", "KeySchema": [], "items": items, "_index_members": 1, **counts}

    def test_items_are_logged_one_by_one(self):
        logged = Logged("dynamodb", "tables")
        logged.put("t", self.table({"a": {"1": {"n": 1}}}))
        before = len(logged.log.changes())
        items = logged.store["t"]["items"]
        items["a"]["2"] = {"n": 2}
        del items["a"]["1"]
        logged.flush("t", ("a", "1"), ("a", "2"))

        assert len(logged.log.changes()) == before + 2
        assert logged.replayed() == {
            "t": {
                "TableName": "t",
                "KeySchema": [],
                "items": {"a": {"2": {"n": 2}}},
                "ItemCount": 1,
                "TableSizeBytes": 200,
            }
        }

    def test_a_partition_without_items_is_gone(self):
        logged = Logged("dynamodb", "tables")
        logged.put("t", self.table({"a": {"1": {"n": 1}}}))
        logged.store["t"]["items"].clear()
        logged.flush("t", ("a", "1"))

        assert logged.replayed()["t"]["items"] == {}

    def test_items_that_are_replaced_at_once_are(self):
        logged = Logged("dynamodb", "tables")
        logged.put("t", self.table({"a": {"1": {"n": 1}}}))
        logged.store["t"]["items"] = {"b": {"1": {"n": 2}}}
        logged.flush("t", ALL_ITEMS)

        assert logged.replayed()["t"]["items"] == {"b": {"1": {"n": 2}}}


@given(
    st.lists(
        st.tuples(st.sampled_from(["send", "receive", "delete", "replace", "purge"]), st.integers(0, 4), st.booleans()),
        max_size=30,
    ),
    st.integers(0, 30),
)
def test_any_history_gives_the_same_state_from_any_save_and_applied_twice(history, saved_after):
    logged, saved, received = Logged("sqs", "queues"), {}, []
    logged.put("q", queue())
    for position, (action, number, is_flushed) in enumerate(history):
        messages = logged.store["q"]["messages"]
        if action == "send" and all(one["id"] != str(number) for one in messages):
            messages.append(message(number))
        elif action == "receive" and messages:
            messages[number % len(messages)]["visible_at"] += 1
            received.append(messages[number % len(messages)]["id"])
        elif action == "delete" and messages:
            del messages[number % len(messages)]
        elif action == "replace":
            logged.store["q"]["messages"] = messages[number:]
        elif action == "purge":
            messages.clear()
        if is_flushed:
            logged.flush("q", *received)
        if position == saved_after:
            # A message that is saved, deleted by a thread, and never logged, would be delivered twice: SQS may do that.
            logged.flush("q", *received)
            saved = {logged.key("q"): json.loads(json.dumps(logged.store["q"]))}
    logged.flush("q", *received)

    def by_id(queues):
        return sorted(queues["q"]["messages"], key=lambda one: one["id"])

    expected = sorted(logged.store["q"]["messages"], key=lambda one: one["id"])
    assert by_id(logged.replayed(saved)) == expected
    logged.log.batches *= 2
    assert by_id(logged.replayed(saved)) == expected


class TestMarks:
    def test_a_request_has_its_own_marks_until_it_ends(self):
        marks, of_request, store = Marks(), RequestMarks(scans=True), AccountRegionScopedDict()
        marks.request.set(of_request)
        marks.add(store, "a")
        marks.add_all(store)
        of_request.is_open = False
        marks.add(store, "b")
        marks.add_all(store)

        assert set(of_request.marked) == {(id(store), "a", None), (id(store), EVERY_KEY, None)}
        assert set(marks.take()) == {(id(store), "b", None)}

    def test_the_marks_of_threads_are_taken_twice(self):
        marks, store = Marks(), AccountRegionScopedDict()
        marks.add(store, "a")

        assert [len(marks.take()) for _ in range(3)] == [1, 1, 0]

    def test_all_records_of_a_store_are_looked_at_when_a_request_looked_through_it(self):
        logged = Logged("glue", "databases")
        logged.store["a"], logged.store["b"] = {"n": 1}, {"n": 2}
        logged.recorder.flush({(id(logged.store), EVERY_KEY, None): logged.store})

        assert logged.replayed() == {"a": {"n": 1}, "b": {"n": 2}}


class TestRequests:
    @pytest.mark.parametrize(
        ("target", "changes"),
        [
            ("DynamoDB_20120810.GetItem", False),
            ("DynamoDB_20120810.Query", False),
            ("DynamoDB_20120810.PutItem", True),
            ("AmazonSQS.ReceiveMessage", True),
            ("AmazonSQS.GetQueueAttributes", False),
            ("AWSGlue.BatchGetPartition", False),
            ("AWSGlue.BatchCreatePartition", True),
            ("AWSGlue.StartJobRun", True),
        ],
    )
    def test_an_action_that_reads_changes_nothing(self, target, changes):
        assert effects("POST", "/", {"x-amz-target": target}, b"{}").changes is changes

    @pytest.mark.parametrize(("action", "changes"), [("GetRole", False), ("CreateRole", True)])
    def test_so_with_the_query_protocol(self, action, changes):
        headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}

        assert effects("POST", "/", headers, f"Version=1&Action={action}".encode()).changes is changes

    @pytest.mark.parametrize(
        ("method", "path", "service", "changes", "skip"),
        [
            ("GET", "/bucket/key", "s3", False, {"iam", "s3"}),
            ("PUT", "/bucket/key", "s3", True, {"iam", "s3"}),
            ("PUT", "/bucket", "s3", True, {"iam"}),
            ("PUT", "/bucket/", "s3", True, {"iam"}),
            ("PUT", "/v20180820/accesspoint/a", "s3", True, {"iam"}),
            ("POST", "/2015-03-31/functions/f/invocations", "lambda", True, {"iam", "lambda"}),
            ("POST", "/2015-03-31/functions", "lambda", True, {"iam"}),
            ("POST", "/", "iam", True, set()),
        ],
    )
    def test_a_call_of_http_by_its_method_and_path(self, method, path, service, changes, skip):
        scope = f"AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host"
        found = effects(method, path, {"authorization": scope}, b"")

        assert (found.changes, found.skip) == (changes, skip)

    def test_what_is_not_known_may_change_everything(self):
        found = effects("POST", "/", {}, b"")

        assert (found.changes, found.scans, found.skip) == (True, True, set())


def test_every_service_that_is_logged_is_tested_here():
    names = {service: module.__name__.rpartition(".")[2] for service, module in SERVICES.items()}

    assert names | {"emr_serverless": "emr_serverless"} == stores.MODULES


@pytest.mark.parametrize("service", SERVICES)
def test_each_member_of_a_state_is_a_store_of_the_module(service):
    found = stores_of(service, SERVICES[service])

    assert {member for _, member in found} == set(SERVICES[service].get_state())
    assert all(isinstance(store, (AccountScopedDict, AccountRegionScopedDict)) for store, _ in found)
