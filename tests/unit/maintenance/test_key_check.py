"""When a table is searched for keys that stand more than once, and what is said of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cartlake import contracts
from cartlake.maintenance.health import Action, Health
from cartlake.maintenance.key_check import key_check, repeated_keys_advice

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TABLE = contracts.load("clickstream").table


def health(oldest=30.0, written=0.5):
    """The health of a table by the ages of its oldest snapshot and of its last write, in days."""
    at = [None if days is None else NOW - timedelta(days=days) for days in (oldest, written)]
    return Health(
        rows=9, data_files=1, size=9, small_files=1, removable_files=0, delete_files=0, deleted_rows=0, manifests=1,
        snapshots=1, oldest_snapshot_at=at[0], written_at=at[1],
    )  # fmt: skip


def is_due(found, table=TABLE, **known):
    return [need.action for need in key_check(table, found, NOW, **known)] == [Action.KEYS]


@pytest.mark.parametrize(
    ("found", "checked_days", "due"),
    [
        pytest.param(health(oldest=0.9), None, False, id="a table of today"),
        pytest.param(health(oldest=1.1), None, True, id="never so far"),
        pytest.param(health(), 6.9, False, id="this week"),
        pytest.param(health(), 7, True, id="a week ago"),
        pytest.param(health(written=8), 7, False, id="a week ago, and not written since"),
        pytest.param(health(oldest=None, written=None), None, False, id="a table without rows"),
    ],
)
def test_a_table_is_searched_once_a_week_if_it_was_written(found, checked_days, due):
    checked_at = None if checked_days is None else NOW - timedelta(days=checked_days)

    assert is_due(found, keys_checked_at=checked_at) is due


def test_with_force_it_is_searched_at_once():
    assert is_due(health(oldest=0.1), force=True, keys_checked_at=NOW)


def test_where_merges_look_for_keys_on_all_days_nothing_is_searched():
    assert not is_due(health(), replace(TABLE, event_time_fixed=False), force=True)


def test_it_says_why():
    [need] = key_check(TABLE, health(), NOW)

    assert need.why == "event times of keys are said never to change, and that was not checked so far"


def test_what_is_found_is_said_with_what_to_do():
    advice = repeated_keys_advice("processed.clickstream", 1200)

    assert advice.startswith("1,200 keys of processed.clickstream stand more than once")
    assert "`lake backfill`" in advice
