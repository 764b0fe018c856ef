import json

import pytest

from cartlake_cli.context import Lake
from cartlake_cli.errors import CommandError
from cartlake_cli.operations.redrive import destination, invoke_again, move_incoming
from cartlake_cli.output import Output

EVENT = {"detail-type": "FileValidated", "detail": {"dataset": "transactions"}}
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:run-coordinator"


def from_lambda(event=EVENT):
    record = {"version": "1.0", "requestContext": {"functionArn": ARN}, "requestPayload": event}
    return {"MessageId": "m-1", "ReceiptHandle": "r-1", "Body": json.dumps(record)}


def from_eventbridge():
    attributes = {"TARGET_ARN": {"DataType": "String", "StringValue": ARN}}
    return {"MessageId": "m-2", "ReceiptHandle": "r-2", "Body": json.dumps(EVENT), "MessageAttributes": attributes}


class Aws:
    """A queue of dead letters, the queue they came from, and a Lambda that may be down."""

    def __init__(self, *letters, down=False):
        self.letters, self.down = list(letters), down
        self.sent, self.invoked, self.deleted = [], [], []

    def receive_message(self, **_):
        batch, self.letters = self.letters, []
        return {"Messages": batch}

    def send_message(self, QueueUrl, MessageBody):  # noqa: N803
        self.sent.append(MessageBody)

    def delete_message(self, QueueUrl, ReceiptHandle):  # noqa: N803
        self.deleted.append(ReceiptHandle)

    def invoke(self, FunctionName, InvocationType, Payload):  # noqa: N803
        if self.down:
            raise ConnectionError
        self.invoked.append((FunctionName, InvocationType, json.loads(Payload)))


@pytest.fixture
def lake(monkeypatch):
    class Outputs:
        incoming_dlq_url = incoming_queue_url = events_dlq_url = "http://queue"

    def with_aws(aws):
        lake = Lake("dev", Output())
        monkeypatch.setattr(Lake, "outputs", Outputs())
        monkeypatch.setattr(Lake, "client", lambda self, _: aws)
        return lake

    return with_aws


@pytest.mark.parametrize("letter", [from_lambda(), from_eventbridge()], ids=["Lambda's", "EventBridge's"])
def test_an_event_is_delivered_to_its_function_again_and_then_deleted(lake, letter):
    aws = Aws(letter)

    assert invoke_again(lake(aws)) == 1
    assert aws.invoked == [(ARN, "Event", EVENT)]
    assert aws.deleted == [letter["ReceiptHandle"]]


def test_a_letter_that_cannot_be_delivered_stays(lake):
    aws = Aws(from_lambda(), down=True)

    with pytest.raises(ConnectionError):
        invoke_again(lake(aws))

    assert aws.deleted == []


def test_a_letter_that_names_no_function_is_shown_and_stays(lake):
    with pytest.raises(CommandError, match=r"m-3 names no function.*hello"):
        destination({"MessageId": "m-3", "Body": '{"hello": 1}'})


def test_an_s3_event_goes_back_to_its_queue(lake):
    aws = Aws({"Body": "s3 event", "ReceiptHandle": "r-9"})

    assert move_incoming(lake(aws)) == 1
    assert (aws.sent, aws.deleted) == (["s3 event"], ["r-9"])
