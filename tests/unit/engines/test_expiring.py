"""Which versions of a table a run removes, by its metadata alone."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from cartlake.contracts.custom_properties.maintenance import MAX_SNAPSHOTS
from glue_jobs.engines.duckdb.iceberg.expiring import AT_ONCE, surplus

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
MOST = 100


def metadata(count, *, minutes_ago=120, refs=(), properties=None):
    """`count` versions a minute apart; the first is the oldest and has id 1, the newest is so many minutes old."""
    newest = NOW - timedelta(minutes=minutes_ago)
    snapshots = [
        SimpleNamespace(
            snapshot_id=number,
            timestamp_ms=(newest - timedelta(minutes=count - number)).timestamp() * 1000,
            sequence_number=number,
        )
        for number in range(1, count + 1)
    ]
    pinned = {"main": count, **dict(refs)}
    return SimpleNamespace(
        snapshots=snapshots,
        refs={name: SimpleNamespace(snapshot_id=snapshot_id) for name, snapshot_id in pinned.items()},
        properties={MAX_SNAPSHOTS: str(MOST)} if properties is None else properties,
    )


def test_the_oldest_beyond_the_most_leave_together():
    assert surplus(metadata(MOST + AT_ONCE - 1), NOW) == []
    assert surplus(metadata(MOST + AT_ONCE), NOW) == list(range(1, AT_ONCE + 1))


def test_versions_of_the_last_hour_stay_however_many_there_are():
    young = metadata(60 + AT_ONCE, minutes_ago=0, properties={MAX_SNAPSHOTS: "10"})

    assert surplus(young, NOW) == []
    assert surplus(young, NOW + timedelta(hours=1)) == list(range(1, 50 + AT_ONCE + 1))


def test_what_a_branch_or_a_tag_points_at_stays():
    pinned = metadata(MOST + AT_ONCE + 2, refs={"audit": 3, "year_end": 1})

    assert surplus(pinned, NOW) == [2, *range(4, AT_ONCE + 3)]


def test_a_table_that_its_contract_does_not_have_maintained_keeps_all():
    assert surplus(metadata(1000, properties={}), NOW) == []
