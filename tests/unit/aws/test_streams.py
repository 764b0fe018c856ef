import io

import boto3
import pytest
from botocore.exceptions import ResponseStreamingError
from botocore.response import StreamingBody
from moto import mock_aws

from cartlake.aws import clients
from cartlake.aws.objects import S3Uri
from cartlake.aws.s3 import ObjectMissingError
from cartlake.aws.streams import ObjectStream
from cartlake.errors import TerminalError, TransientError

URI = S3Uri("raw", "incoming/orders.csv")
CONTENT = bytes(range(256)) * 40


@pytest.fixture
def bucket(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        clients.client.cache_clear()
        client = boto3.client("s3")
        client.create_bucket(Bucket=URI.bucket)
        client.put_object(Bucket=URI.bucket, Key=URI.key, Body=CONTENT)
        yield client
    clients.client.cache_clear()


@pytest.fixture
def breaking(monkeypatch):
    """Let connections break after some bytes each: as many as there are numbers."""
    remaining, read = [], StreamingBody.read

    def broken(body, amt=None):
        if remaining and body.tell() >= remaining[0]:
            raise ResponseStreamingError(error=ConnectionResetError(f"after {remaining.pop(0)} bytes"))
        return read(body, amt)

    monkeypatch.setattr(StreamingBody, "read", broken)
    return remaining


def read_in_blocks(stream, size):
    return b"".join(iter(lambda: stream.read(size), b""))


@pytest.mark.parametrize("size", [1000, 4096, len(CONTENT), len(CONTENT) + 1])
def test_an_object_is_read_from_start_to_end(bucket, size):
    with ObjectStream(URI) as stream:
        assert read_in_blocks(stream, size) == CONTENT


def test_all_is_read_at_once(bucket):
    with ObjectStream(URI) as stream:
        assert stream.read() == CONTENT


@pytest.mark.parametrize("breaks", [[0], [1000], [5000], [len(CONTENT)], [1000, 2000, 0]])
def test_it_is_read_on_where_the_connection_broke(bucket, breaking, breaks):
    breaking.extend(breaks)

    with ObjectStream(URI) as stream:
        assert read_in_blocks(stream, 1000) == CONTENT

    assert not breaking


def test_a_connection_that_breaks_again_and_again_is_an_error_that_may_pass(bucket, breaking):
    breaking.extend([0] * 4)

    with ObjectStream(URI) as stream, pytest.raises(TransientError, match="try again"):
        stream.read(10)


def test_an_object_that_was_replaced_is_not_read_on(bucket, breaking):
    with ObjectStream(URI) as stream:
        stream.read(1000)
        bucket.put_object(Bucket=URI.bucket, Key=URI.key, Body=CONTENT[::-1])
        breaking.append(0)

        with pytest.raises(TerminalError, match="was replaced while it was read"):
            stream.read(1000)


def test_an_object_that_does_not_exist_is_named(bucket):
    with pytest.raises(ObjectMissingError, match="s3://raw/nothing does not exist"):
        ObjectStream(S3Uri("raw", "nothing"))


def test_text_is_read_through_it(bucket):
    with ObjectStream(URI) as stream:
        assert io.BufferedReader(stream, 512).read(len(CONTENT)) == CONTENT
