"""A ledger and a raw bucket in memory: what DynamoDB and S3 do themselves, test_aws.py asks of moto."""

import pytest

from cartlake.ledger.sources import SourceLedger
from sources.sync import Syncer
from tests.unit.sources.world import Faults, MemoryFiles, MemoryTable


@pytest.fixture
def syncer():
    return Syncer(SourceLedger(MemoryTable(Faults())), MemoryFiles(Faults()))


@pytest.fixture
def written(syncer):
    """The rows of all files, in the order of their keys."""
    return lambda: syncer.files.rows
