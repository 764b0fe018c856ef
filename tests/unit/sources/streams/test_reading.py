"""A topic becomes files: what each holds, where the next read goes on, and what is said of messages that are gone."""

import pytest

from cartlake.ledger.items.leases import LEASE, SourceBusyError
from sources.errors import SourceUnavailableError
from tests.unit.sources.streams.cluster import DATASET, TOPIC, Cluster
from tests.unit.sources.world import Killed


def test_a_range_of_each_partition_becomes_a_file_named_by_its_offsets(cluster):
    cluster.send(0, 4)
    cluster.send(1, 2)

    result = cluster.land()

    assert cluster.ranges == [(1, 0, 0, 2), (1, 0, 3, 3), (1, 1, 0, 1)]
    assert (result.records, result.files, result.offsets, result.lag, result.notices) == (6, 3, 6, 0, ())
    assert sorted(cluster.landed) == sorted(cluster.sent)
    assert next(iter(cluster.files.files)).startswith(f"incoming/{DATASET}/stream/{TOPIC}/i0001/p00000/")


def test_the_next_read_goes_on_behind_the_last_offset(cluster):
    cluster.send(0, 2)
    cluster.land()
    cluster.send(0, 1)

    assert (cluster.land().records, cluster.ranges[-1]) == (1, (1, 0, 2, 2))


def test_a_read_without_news_writes_nothing_into_the_ledger(cluster):
    cluster.send(0)
    cluster.land()
    before = cluster.state.revision

    assert (cluster.land().files, cluster.state.revision) == (0, before)


def test_offsets_without_a_message_are_counted_as_gaps(cluster):
    cluster.send(0)
    cluster.skip(0)
    cluster.skip(1)

    result = cluster.land()

    assert (result.offsets, result.records, result.gaps, result.files) == (3, 1, 2, 1)


def test_without_time_it_leaves_the_rest_to_the_next_read(cluster):
    cluster.send(0, 5)
    looks = iter([True, False, False])

    result = cluster.land(has_time=lambda: next(looks))

    assert (result.records, result.lag, result.done) == (3, 2, False)


def test_another_reader_at_work_is_left_alone(cluster):
    cluster.send(0)
    cluster.ledger.take(TOPIC, "another", cluster.tick())

    with pytest.raises(SourceBusyError, match=f"Another sync reads stream {TOPIC}"):
        cluster.land()


def test_a_range_whose_reader_was_killed_before_its_file_is_read_again_as_it_was_claimed(cluster):
    cluster.send(0, 2)
    create = cluster.files.create
    cluster.files.create = lambda *_: (_ for _ in ()).throw(Killed)
    with pytest.raises(Killed):
        cluster.land()
    cluster.files.create = create
    cluster.send(0, 2)
    cluster.tick(seconds=LEASE.total_seconds() + 60)

    cluster.land()

    assert cluster.ranges == [(1, 0, 0, 1), (1, 0, 2, 3)]


def test_a_file_that_was_written_before_its_reader_was_killed_is_taken_as_it_is(cluster):
    cluster.send(0, 2)
    create = cluster.files.create

    def killed(*arguments):
        create(*arguments)
        raise Killed

    cluster.files.create = killed
    with pytest.raises(Killed):
        cluster.land()
    cluster.files.create = create
    cluster.expire(0, 2)  # nothing has to be read again
    cluster.tick(seconds=LEASE.total_seconds() + 60)

    result = cluster.land()

    assert (result.records, result.lost, cluster.ranges) == (2, 0, [(1, 0, 0, 1)])


def test_messages_that_were_deleted_unread_are_lost_with_their_number(cluster):
    cluster.send(0, 2)
    cluster.land()
    cluster.send(0, 3)
    cluster.expire(0, 4)

    result = cluster.land()

    assert (result.records, result.lost, result.offsets) == (1, 2, 3)
    assert "2 offsets of topic clicks were deleted before they were read" in result.notices[0]


def test_what_a_topic_deleted_before_its_first_read_is_not_lost(cluster):
    cluster.send(0, 3)
    cluster.expire(0, 2)

    result = cluster.land()

    assert (result.records, result.lost) == (1, 0)


def test_of_a_claimed_range_what_is_gone_is_lost_and_the_rest_landed(cluster):
    cluster.send(0, 3)
    create = cluster.files.create
    cluster.files.create = lambda *_: (_ for _ in ()).throw(Killed)
    with pytest.raises(Killed):
        cluster.land()
    cluster.files.create = create
    cluster.expire(0, 2)
    cluster.tick(seconds=LEASE.total_seconds() + 60)

    result = cluster.land()

    assert (result.records, result.lost, cluster.ranges) == (1, 2, [(1, 0, 0, 2)])


@pytest.mark.parametrize("ids", [True, False])
def test_a_topic_that_was_made_again_is_read_from_its_first_message_on(ids):
    cluster = Cluster(ids=ids)
    cluster.send(0, 3)
    cluster.land()
    cluster.make_topic()
    cluster.send(0, 2)

    result = cluster.land()

    assert cluster.ranges == [(1, 0, 0, 2), (2, 0, 0, 1)]
    assert (result.incarnation, result.records, result.lost) == (2, 2, 0)
    assert "Topic clicks was deleted and made again" in result.notices[0]
    [gone] = cluster.state.past
    assert (gone.number, gone.totals.records, gone.unread) == (1, 3, 0)


def test_a_topic_that_was_made_again_and_is_longer_is_noticed_by_its_id(cluster):
    cluster.send(0, 1)
    cluster.land()
    cluster.make_topic()
    cluster.send(0, 5)

    assert (cluster.land().records, cluster.ranges[1:]) == (5, [(2, 0, 0, 2), (2, 0, 3, 4)])


def test_what_was_seen_of_a_topic_that_is_gone_and_not_read_is_lost(cluster):
    cluster.send(0, 5)
    looks = iter([True, False, False])
    cluster.land(has_time=lambda: next(looks))
    cluster.make_topic()
    cluster.send(0, 1)

    result = cluster.land()

    assert (result.records, result.lost) == (1, 2)
    assert "2 more were seen and cannot be read any more" in result.notices[0]


def test_a_topic_that_lost_its_end_is_read_again_and_nothing_of_it_counts_as_lost(cluster):
    cluster.send(0, 4)
    cluster.land()
    cluster.logs[0].end = 3
    cluster.logs[0].messages.pop(3)
    cluster.expire(0, 1)

    result = cluster.land()

    assert (result.incarnation, result.records, result.lost) == (2, 2, 0)


def test_a_topic_that_is_made_again_while_it_is_read_is_never_landed_as_the_former_one(cluster):
    cluster.send(0, 1)
    read = cluster.read

    def made_again(*arguments):
        cluster.make_topic()
        cluster.send(0, 1)
        return read(*arguments)

    cluster.read = made_again
    with pytest.raises(SourceUnavailableError, match="made again while it was read"):
        cluster.land()
    cluster.read = read

    assert (cluster.files.files, cluster.state.holder) == ({}, None)
    assert "made again" in cluster.state.error
    assert cluster.land().incarnation == 2


def test_a_partition_that_is_added_is_read_from_its_first_message_on(cluster):
    cluster.send(0)
    cluster.land()
    cluster.logs[2] = type(cluster.logs[0])()
    cluster.send(2, 2)

    assert (cluster.land().records, cluster.state.incarnation) == (2, 1)
