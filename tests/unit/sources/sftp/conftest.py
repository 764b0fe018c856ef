import pytest

from tests.unit.sources.sftp.world import Vendor


@pytest.fixture
def vendor():
    return Vendor()
