"""The engine's clients, without AWS."""

import pytest

from localaws.athena.clients import Clients, Endpoint
from localaws.athena.errors import AthenaError


class S3:
    def __init__(self, errors):
        self.errors = errors

    def delete_objects(self, **_):
        return {"Errors": self.errors} if self.errors else {}


@pytest.fixture
def clients():
    return Clients(Endpoint("http://127.0.0.1:1", "us-east-1"))


def test_an_object_that_s3_does_not_delete_fails_the_statement(clients):
    clients.s3 = S3([{"Key": "t/part-1.parquet", "Code": "AccessDenied", "Message": "Access Denied"}])

    with pytest.raises(AthenaError, match=r"Cannot delete s3://bucket/t/part-1\.parquet: Access Denied"):
        clients.delete("bucket", [{"Key": "t/part-1.parquet"}])


def test_objects_that_s3_deletes_are_no_error(clients):
    clients.s3 = S3([])

    clients.delete("bucket", [{"Key": "t/part-1.parquet"}])
