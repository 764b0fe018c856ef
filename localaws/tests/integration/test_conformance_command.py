"""The checks of python -m localaws.conformance, against the embedded AWS."""

import pytest

from localaws.conformance.running import AS_AWS, run
from localaws.conformance.services import CHECKS
from localaws.conformance.target import Target

pytestmark = pytest.mark.integration


@pytest.fixture
def target(localaws, monkeypatch):
    for name, value in localaws.env.items():
        monkeypatch.setenv(name, value)
    return Target(localaws.endpoint, "us-east-1", 60, "arn:aws:iam::000000000000:role/any")


@pytest.mark.parametrize("check", CHECKS, ids=[f"{check.service}: {check.behaviour}" for check in CHECKS])
def test_the_embedded_aws_answers_as_aws_and_keeps_nothing(target, localaws, check):
    (found,) = run(target, [check])

    assert (found.state, found.reason) == (AS_AWS, "")
    buckets = [bucket["Name"] for bucket in localaws.client("s3").list_buckets()["Buckets"]]
    databases = [entry["Name"] for entry in localaws.client("glue").get_databases()["DatabaseList"]]
    assert [name for name in [*buckets, *databases] if name.startswith("conformance")] == []
