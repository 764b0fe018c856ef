"""Whatever a vendor does, and whatever fails or is killed at whatever step: each finished content arrives once."""

from collections import Counter
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartlake.errors import TransientError
from cartlake.ledger.items.leases import LEASE
from tests.unit.sources.sftp.world import SETTLE, Vendor
from tests.unit.sources.world import Killed

FAULTS = st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["kill", "fail", "rival"])), max_size=8)
NAMES = st.sampled_from(["a.csv", "b.csv", "c.csv"])
CONTENTS = st.sampled_from([b"one", b"two", b"three", b"four.", b"six"])
ACTIONS = st.tuples(st.sampled_from(["put", "put", "begin", "temporary", "rename", "delete"]), NAMES, NAMES, CONTENTS)
STEPS = st.lists(st.one_of(ACTIONS, st.integers(1, 200)), max_size=25)


def read(vendor):
    with suppress(TransientError, Killed):
        result = vendor.fetch()
        counts = result.counts
        assert counts.listed == counts.fetched + counts.known + counts.waiting + counts.refused
    if vendor.ledger.get("acme").holder:
        vendor.tick(LEASE.total_seconds())


def quiet(vendor):
    """A quiet day: nothing fails, and all uploads end."""
    vendor.faults.planned, vendor.during = [], []
    vendor.tick(LEASE.total_seconds() + 60)
    for _ in range(10):
        vendor.tick(SETTLE.total_seconds())
        last = vendor.fetch()
    return last


@given(steps=STEPS, during=st.lists(ACTIONS, max_size=5), faults=FAULTS, tidies=st.booleans())
@settings(max_examples=300, deadline=None)
def test_each_finished_content_arrives_once_whatever_fails(steps, during, faults, tidies):
    vendor = Vendor(faults, during)
    for step in steps:
        if isinstance(step, int):  # seconds pass, and a schedule comes
            vendor.tick(step)
            with suppress(TransientError, Killed):
                read(vendor)
        else:
            vendor.act(*step)

    for name in sorted(vendor.held) if tidies else ():
        vendor.rename(name, f"done/{name}")

    last = quiet(vendor)

    arrived = Counter(vendor.landed)
    assert [content for content, times in arrived.items() if times > 1] == []
    assert set(arrived) <= vendor.finished, "half of a file"
    assert {held.content for held in vendor.held.values()} <= set(arrived)
    assert (last.counts.known, last.counts.listed) == (len(vendor.held), len(vendor.held))


@pytest.mark.parametrize("kind", ["kill", "fail", "rival"])
def test_a_file_that_is_renamed_after_any_step_of_a_read_that_ended_arrives_once(kind):
    for step in range(40):
        vendor = Vendor()
        vendor.put("a.csv", b"rows")
        vendor.fetch()
        vendor.tick(SETTLE.total_seconds())
        vendor.faults.planned = [(step, kind)]
        with suppress(TransientError, Killed):
            vendor.fetch()
        vendor.rename("a.csv", "done.csv")

        quiet(vendor)

        assert vendor.landed == [b"rows"], step
