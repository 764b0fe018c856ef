"""The embedded AWS of these tests: one server for the session."""

from localaws.testing.fixtures import (  # noqa: F401 -- fixtures
    eventually_fixture,
    lake,
    localaws,
    name,
    orders,
    own_localaws,
    running_localaws,
    zipped_fixture,
)
