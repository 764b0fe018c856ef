"""Which metadata file is the table: committed ones before those of writers that failed."""

import pytest

from cartlake_cli.restore.choice import MetadataFile, parsed, ranked

MINUTE = 60_000


def name(number, letter="a"):
    return f"s3://p/t/metadata/{number:05}-{letter}.metadata.json"


def file(number, letter="a", *, at=None, main=None, run=None, after=(), uuid="T"):
    return MetadataFile(
        uri=name(number, letter),
        number=number,
        table_uuid=uuid,
        updated_ms=number * MINUTE if at is None else at,
        main=main,
        run=run,
        rows=None,
        earlier=tuple(after),
    )


def chain(*numbers):
    return [file(n, main=n or None, after=[name(one) for one in range(n)]) for n in numbers]


def best(files, succeeded=lambda _: None):
    return ranked(files, succeeded).files[0].uri


def test_the_highest_number_is_the_table_whatever_the_order_of_the_listing():
    assert best(reversed(chain(0, 1, 2, 10))) == name(10)


def test_a_file_that_a_later_one_does_not_log_was_never_the_table():
    left = file(2, "orphan", at=2 * MINUTE + 1, main=99, after=[name(0), name(1)])
    assert best([*chain(0, 1, 2, 3), left]) == name(3)


@pytest.mark.parametrize(
    ("succeeded", "expected"),
    [
        pytest.param({"ours": True, "theirs": False}, "ours", id="one succeeded"),
        pytest.param({"ours": False, "theirs": True}, "theirs", id="the other succeeded"),
        pytest.param({"ours": False}, "theirs", id="one is on record as not succeeded, of the other nothing is known"),
        pytest.param({}, "theirs", id="nothing is known: the later one"),
    ],
)
def test_of_two_files_that_end_a_history_that_of_the_run_that_succeeded_is_the_table(succeeded, expected):
    after = [name(0), name(1)]
    ours = file(2, "ours", at=2 * MINUTE, main=7, run="ours", after=after)
    theirs = file(2, "theirs", at=2 * MINUTE + 5, main=8, run="theirs", after=after)

    order = ranked([*chain(0, 1), ours, theirs], succeeded.get)

    assert order.files[0].uri == name(2, expected)
    assert [one.number for one in order.rivals] == [2]


def test_a_commit_that_published_nothing_goes_before_one_of_a_run_that_did_not_succeed():
    after = [name(0), name(1)]
    audit = file(2, "audit", at=2 * MINUTE, main=1, run="gone", after=after)
    published = file(2, "published", at=2 * MINUTE + 5, main=8, run="gone", after=after)
    assert best([*chain(0, 1), audit, published], {"gone": False}.get) == name(2, "audit")


def test_the_only_end_of_a_history_is_the_table_also_where_its_run_failed_after_it_had_published():
    published = file(2, main=8, run="failed", after=[name(0), name(1)])
    assert best([*chain(0, 1), published], {"failed": False}.get) == name(2)


def test_a_table_that_was_pointed_back_by_hand_goes_on_from_there_with_lower_numbers():
    abandoned = chain(0, 1, 2, 3, 4)
    repaired = file(3, "repaired", at=24 * 60 * MINUTE, main=30, after=[name(0), name(1), name(2)])
    assert best([*abandoned, repaired]) == name(3, "repaired")


def test_an_empty_table_that_was_made_in_the_same_folder_is_not_the_table():
    empty = file(0, "new", at=10**9, uuid="NEW")
    order = ranked([*chain(0, 1, 2), empty], lambda _: None)
    assert order.files[0].uri == name(2)
    assert [one.uri for one in order.others] == [name(0, "new")]


def test_after_the_best_file_come_those_it_logs():
    left = file(1, "orphan", main=99, after=[name(0)])
    order = ranked([*chain(0, 1, 2), left], lambda _: None)
    assert [one.uri for one in order.files] == [name(2), name(1), name(0), name(1, "orphan")]
    assert order.rivals == ()


def test_no_file_is_no_table():
    assert ranked([], lambda _: None).files == ()


def test_rows_that_are_deleted_by_position_do_not_count():
    snapshot = {
        "snapshot-id": 5,
        "summary": {"operation": "append", "cartlake.run-id": "r", "total-records": "9", "total-position-deletes": "2"},
    }
    found = parsed(
        name(4),
        4,
        {
            "table-uuid": "T",
            "last-updated-ms": 3,
            "current-snapshot-id": 5,
            "snapshots": [snapshot],
            "refs": {"main": {"snapshot-id": 5, "type": "branch"}},
            "metadata-log": [{"metadata-file": name(3), "timestamp-ms": 2}],
        },
    )
    assert (found.main, found.run, found.rows, found.earlier) == (5, "r", 7, (name(3),))


def test_a_table_without_snapshots_shows_nothing():
    assert parsed(name(0), 0, {"table-uuid": "T", "last-updated-ms": 3, "current-snapshot-id": -1}).main is None
