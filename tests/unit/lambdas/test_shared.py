import json

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ValidationError

from cartlake.errors import TransientError
from cartlake.runs.documents import RowCounts
from lambdas.shared.entry import entry
from lambdas.shared.events import EventBus
from lambdas.shared.objects import Documents, ReportError, bucket_and_key


class FakeEvents:
    def __init__(self, failed=0):
        self.failed, self.entries = failed, []

    def put_events(self, **request):
        self.entries += request["Entries"]
        return {"FailedEntryCount": self.failed, "Entries": [{"ErrorCode": "InternalFailure"}]}


def test_an_event_carries_its_detail_to_our_bus():
    events = FakeEvents()

    EventBus("bus", events).send("FileValidated", {"file_id": "a"})

    (sent,) = events.entries
    assert (sent["EventBusName"], sent["Source"], sent["DetailType"]) == ("bus", "cartlake", "FileValidated")
    assert json.loads(sent["Detail"]) == {"file_id": "a"}


def test_an_event_the_bus_did_not_take_is_not_taken_for_sent():
    with pytest.raises(TransientError, match="InternalFailure"):
        EventBus("bus", FakeEvents(failed=1)).send("FileValidated", {})


@pytest.mark.parametrize("uri", ["s3://bucket", "s3://bucket/", "https://bucket/key", "bucket/key", ""])
def test_what_is_no_object_is_refused(uri):
    with pytest.raises(ReportError, match="is not an s3://bucket/key URI"):
        bucket_and_key(uri)


def test_keys_are_taken_as_they_are():
    assert bucket_and_key("s3://raw/a b%20c?d#e.csv") == ("raw", "a b%20c?d#e.csv")


def test_a_document_comes_back_as_it_was_written(account):
    rows, documents = RowCounts(read=1, published=1, quarantined=0, duplicate=0), Documents(account.s3)

    documents.write("s3://artifacts/a.json", rows.model_dump_json())

    assert documents.read("s3://artifacts/a.json", RowCounts) == rows
    assert documents.find("s3://artifacts/b.json", RowCounts) is None


class Wanted(BaseModel):
    number: int


def test_a_handler_gets_its_event_parsed(lambda_context):
    @entry(Wanted)
    def lambda_handler(request: Wanted, context: LambdaContext):
        return {"number": request.number + 1}

    assert lambda_handler({"number": 1}, lambda_context) == {"number": 2}
    with pytest.raises(ValidationError):
        lambda_handler({"number": "x"}, lambda_context)


def test_errors_leave_with_their_own_class_and_are_logged_once(lambda_context, caplog):
    @entry(Wanted)
    def lambda_handler(_request: Wanted, _context: LambdaContext):
        raise TransientError("throttled")

    with pytest.raises(TransientError):
        lambda_handler({"number": 1}, lambda_context)

    ours = [record for record in caplog.records if record.name == "unit-tests" and record.levelname == "ERROR"]
    assert [record.exc_info[0] for record in ours] == [TransientError]
