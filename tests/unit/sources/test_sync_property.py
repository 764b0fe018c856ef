"""Whatever fails or is killed at whatever step: in the end each version that was read is written once."""

from collections import Counter
from contextlib import suppress
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from cartlake.errors import TransientError
from cartlake.ledger.sources import LEASE
from tests.unit.sources.world import OVERLAP, Killed, World, row_of

FAULTS = st.lists(st.tuples(st.integers(0, 25), st.sampled_from(["kill", "fail", "rival"])), max_size=8)
CHANGES = st.lists(
    st.tuples(
        st.integers(1, 20), st.integers(0, int(OVERLAP.total_seconds()) - 120).map(lambda s: timedelta(seconds=s))
    ),
    max_size=25,
)


def synced_until_done(world):
    """Repeat the sync as a schedule does; returns the results of those that ended well."""
    while True:
        with suppress(TransientError, Killed):
            if (result := world.sync()).done:
                return result
        world.tick(seconds=LEASE.total_seconds() + 60)


def assert_each_version_is_written_once(world, before, between, in_file, in_source):
    """Change records, sync twice and in peace. `in_file` of a row is what `in_source` of its version is."""
    for change in before:
        world.change(*change)

    synced_until_done(world)
    for change in between:
        world.change(*change)
    synced_until_done(world)
    world.tick(seconds=OVERLAP.total_seconds())
    world.faults.planned, world.changes = [], []  # a quiet hour
    last = world.sync()

    written = Counter(map(in_file, world.files.rows))
    real = set(map(in_source, world.versions))
    newest = {version.record: in_source(version) for version in world.versions}
    assert [version for version, times in written.items() if times > 1] == []
    assert set(written) <= real
    assert set(newest.values()) <= set(written)
    assert last.read == last.written + last.known


def version_of(row):
    return row["id"], row["updated_at"]


@given(before=CHANGES, during=CHANGES, between=CHANGES, faults=FAULTS)
@settings(max_examples=300)
def test_each_version_is_written_once_whatever_fails(before, during, between, faults):
    world = World(faults, during)

    assert_each_version_is_written_once(world, before, between, version_of, lambda one: version_of(row_of(one)))
