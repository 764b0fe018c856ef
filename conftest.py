"""For the tests of both packages."""

import gc
from functools import cache

import pytest
from botocore.loaders import JSONFileLoader

# pytest names test modules by their folders, so those of localaws/tests are below "localaws". Imported first, that is
# the package; otherwise pytest would take the folder of the same name for it.
import localaws  # noqa: F401

# moto gives each test a session of its own, and each session parses the models of its services: 40 ms a client.
_parsed = cache(JSONFileLoader().load_file)
JSONFileLoader.load_file = lambda _loader, path: _parsed(path)

# The modules and models of a test process are a heap that is looked through in vain again and again.
gc.set_threshold(100_000, 50, 100)


UNTRACED = ("tests/property", "tests/contract")
"""Tests of code that the unit tests run as well, or of files: tracing takes twice their time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Trace coverage in one case of each test: the others run the same lines, but for a few branches."""
    seen = set()
    for item in items:
        test = item.nodeid.partition("[")[0]
        if test in seen or test.startswith(UNTRACED):
            item.add_marker("no_cover")
        seen.add(test)
