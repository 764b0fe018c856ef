"""Whatever happens at whatever step, each offset is landed once, and what is not landed is counted as lost."""

from collections import Counter
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from cartlake.errors import CartlakeError
from cartlake.ledger.items.leases import LEASE
from tests.unit.sources.streams.cluster import Cluster
from tests.unit.sources.world import Killed

PARTITIONS = st.integers(0, 1)
FAULTS = st.tuples(st.integers(0, 25), st.sampled_from(["kill", "fail", "rival"]))
EVENTS = st.one_of(
    st.tuples(st.just("send"), PARTITIONS, st.integers(1, 8)),
    st.tuples(st.just("skip"), PARTITIONS),
    st.tuples(st.just("read")),
)
LOSSES = st.one_of(
    EVENTS, st.tuples(st.just("expire"), PARTITIONS, st.integers(1, 5)), st.tuples(st.just("make_topic"))
)


def attempt(cluster):
    """Read until the end or until something ends the process; its lease is over before the next read."""
    with suppress(Killed, CartlakeError):
        cluster.land()
    cluster.tick(seconds=LEASE.total_seconds() + 60)


def happen(cluster, events):
    for name, *values in events:
        if name == "read":
            attempt(cluster)
        else:
            getattr(cluster, name)(*values)


def read_all(cluster):
    cluster.faults.planned = []
    result = cluster.land()
    assert result.done
    return result


def assert_no_offset_twice(cluster):
    landed = [
        (incarnation, partition, offset)
        for incarnation, partition, first, last in cluster.ranges
        for offset in range(first, last + 1)
    ]
    assert len(landed) == len(set(landed))
    assert not [line for line, times in Counter(cluster.landed).items() if times > 1]


@given(st.lists(EVENTS, max_size=12), st.lists(FAULTS, max_size=6))
@settings(max_examples=200)
def test_each_message_is_landed_once_whatever_ends_a_read(events, faults):
    cluster = Cluster(faults)

    happen(cluster, events)
    read_all(cluster)

    assert Counter(cluster.landed) == Counter(cluster.sent)
    assert_no_offset_twice(cluster)
    totals = cluster.state.totals
    assert (totals.records, totals.lost, totals.lag) == (len(cluster.sent), 0, 0)
    assert totals.offsets == totals.records + totals.gaps == sum(log.end for log in cluster.logs.values())


@given(st.lists(LOSSES, max_size=14), st.lists(FAULTS, max_size=6))
@settings(max_examples=200)
def test_what_is_not_landed_was_deleted_before_it_was_read(events, faults):
    cluster = Cluster(faults)

    happen(cluster, events)
    read_all(cluster)

    assert_no_offset_twice(cluster)
    assert set(cluster.sent) - set(cluster.landed) <= cluster.gone
    totals = cluster.state.totals
    assert (totals.offsets, totals.lag) == (totals.records + totals.gaps + totals.lost, 0)


@given(st.lists(EVENTS, max_size=8), st.lists(FAULTS, max_size=4))
def test_brokers_without_topic_ids_are_read_alike(events, faults):
    cluster = Cluster(faults, ids=False)

    happen(cluster, events)
    read_all(cluster)

    assert Counter(cluster.landed) == Counter(cluster.sent)
