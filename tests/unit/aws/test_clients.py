import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, IncompleteReadError, ParamValidationError

from cartlake.aws.clients import aws_errors, client
from cartlake.errors import TransientError


def client_error(code, status=400):
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutItem")


@pytest.mark.parametrize(
    "error",
    [
        client_error("ThrottlingException"),
        client_error("SlowDown", 503),
        client_error("InternalServerError", 500),
        ConnectTimeoutError(endpoint_url="x"),
        IncompleteReadError(actual_bytes=1, expected_bytes=2),
    ],
)
def test_what_may_pass_is_one_class_a_state_machine_can_name(error):
    with pytest.raises(TransientError) as raised, aws_errors():
        raise error

    assert raised.value.__cause__ is error
    assert type(raised.value).__name__ == "TransientError"


@pytest.mark.parametrize("error", [client_error("AccessDeniedException", 403), ParamValidationError(report="x")])
def test_what_will_not_pass_stays_what_it_is(error):
    with pytest.raises(type(error)), aws_errors():
        raise error


def test_clients_are_made_once(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client.cache_clear()

    assert client("sqs") is client("sqs")
