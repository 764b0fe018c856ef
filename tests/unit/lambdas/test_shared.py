import json

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ValidationError

from cartlake.errors import TransientError
from cartlake.events import FileDuplicate
from lambdas.shared.entry import entry
from lambdas.shared.event_bus import EventBus

DUPLICATE = FileDuplicate(dataset="transactions", file_id="a", bucket="raw", key="a.csv", duplicate_of="b")


class FakeEvents:
    def __init__(self, failed=0):
        self.failed, self.entries = failed, []

    def put_events(self, **request):
        self.entries += request["Entries"]
        return {"FailedEntryCount": self.failed, "Entries": [{"ErrorCode": "InternalFailure"}]}


def test_an_event_carries_its_detail_to_our_bus():
    events = FakeEvents()

    EventBus("bus", events).send(DUPLICATE)

    (sent,) = events.entries
    assert (sent["EventBusName"], sent["Source"], sent["DetailType"]) == ("bus", "cartlake", "FileDuplicate")
    about = {"dataset": "transactions", "file_id": "a", "bucket": "raw", "key": "a.csv"}
    assert json.loads(sent["Detail"]) == {**about, "duplicate_of": "b"}


def test_an_event_the_bus_did_not_take_is_not_taken_for_sent():
    with pytest.raises(TransientError, match="InternalFailure"):
        EventBus("bus", FakeEvents(failed=1)).send(DUPLICATE)


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
