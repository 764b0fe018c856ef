from datetime import UTC, datetime, timedelta

import boto3
import pytest
from moto import mock_aws

from cartlake.ledger import Ledger
from cartlake.ledger.fallbacks import REMEMBERED_FOR

NOW = datetime(2026, 1, 31, 8, 30, tzinfo=UTC)


@pytest.fixture
def fallbacks():
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName="ledger",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        )
        yield Ledger("ledger", client).fallbacks


def test_a_batch_that_was_too_large_is_remembered_for_its_dataset_alone(fallbacks):
    noted = fallbacks.note("reviews", "run", "Sandbox.Timedout", 300, NOW)

    assert fallbacks.get("reviews", NOW) == noted
    assert fallbacks.get("products", NOW) is None


def test_it_is_forgotten_so_that_the_light_engine_gets_another_chance(fallbacks):
    fallbacks.note("reviews", "run", "Sandbox.Timedout", 300, NOW)

    assert fallbacks.get("reviews", NOW + REMEMBERED_FOR - timedelta(seconds=1)) is not None
    assert fallbacks.get("reviews", NOW + REMEMBERED_FOR) is None


@pytest.mark.parametrize(("sizes", "remembered"), [((300, 200), 200), ((200, 300), 200)])
def test_the_smallest_batch_that_was_too_large_counts(fallbacks, sizes, remembered):
    for day, size in enumerate(sizes):
        fallbacks.note("reviews", "run", "Sandbox.Timedout", size, NOW + timedelta(days=day))

    assert fallbacks.get("reviews", NOW + REMEMBERED_FOR).size == remembered


def test_what_was_forgotten_does_not_come_back(fallbacks):
    fallbacks.note("reviews", "run", "Sandbox.Timedout", 200, NOW)
    later = NOW + REMEMBERED_FOR

    assert fallbacks.note("reviews", "run", "Sandbox.Timedout", 300, later).size == 300
