"""For the tests of this package, and for runs that take those of localaws too."""

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


TRACED_WHOLE = ("tests/unit/", "tests/property/", "tests/contract/", "tests/queries/")
"""Where most of the coverage comes from: there other cases of a test take other branches."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Elsewhere trace coverage in one case of each test: others run the same lines, and tracing doubles the time."""
    seen = set()
    for item in items:
        test = item.nodeid.partition("[")[0]
        if test in seen and not test.startswith(TRACED_WHOLE):
            item.add_marker("no_cover")
        seen.add(test)
