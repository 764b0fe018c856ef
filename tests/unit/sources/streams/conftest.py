"""A cluster in memory."""

import pytest

from tests.unit.sources.streams.cluster import Cluster


@pytest.fixture
def cluster():
    return Cluster()
