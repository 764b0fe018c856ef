"""For the tests of this package and of localaws: `pytest -c pyproject.toml localaws/tests` takes it too."""

import gc
import os
from collections.abc import Callable
from functools import cache

from botocore.loaders import JSONFileLoader

from tests import line_coverage

# Before the first import of what is counted.
_write_lines: Callable[[], None] | None = line_coverage.count_lines() if line_coverage.FILE in os.environ else None

# pytest names test modules by their folders, so those of localaws/tests are below "localaws". Imported first, that is
# the package; otherwise pytest would take the folder of the same name for it.
import localaws  # noqa: E402, F401

# moto gives each test a session of its own, and each session parses the models of its services: 40 ms a client.
_parsed = cache(JSONFileLoader().load_file)
JSONFileLoader.load_file = lambda _loader, path: _parsed(path)

# The modules and models of a test process are a heap that is looked through in vain again and again.
gc.set_threshold(100_000, 50, 100)


def pytest_sessionfinish() -> None:
    if _write_lines:
        _write_lines()
