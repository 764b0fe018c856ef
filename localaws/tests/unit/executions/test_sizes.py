"""Limits of an execution's data and history, and the errors that wildcards do not match."""

import pytest

from localaws.executions import sizes
from localaws.extensions.limits.uploads import part_numbers, too_small

MIB = 1024 * 1024


@pytest.mark.parametrize("value", [None, True, 1, "x", "x" * 262_142, {"a": "ü" * 131_068}])
def test_data_of_256_kib_is_accepted(value):
    assert sizes.data_fault(value, "S") is None


@pytest.mark.parametrize("value", ["x" * 262_143, {"a": "ü" * 131_069}, ["x" * 131_072] * 2])
def test_larger_data_names_its_state(value):
    assert "'S'" in sizes.data_fault(value, "S")


@pytest.mark.parametrize(
    ("error_equals", "error", "matched"),
    [
        (["States.ALL"], "States.DataLimitExceeded", False),
        (["States.TaskFailed"], "States.Runtime", False),
        (["States.DataLimitExceeded"], "States.DataLimitExceeded", True),
        (["States.ALL"], "Lambda.ServiceException", None),
    ],
)
def test_wildcards_do_not_match_two_errors(error_equals, error, matched):
    assert sizes.matches(error_equals, error) is matched


@pytest.mark.parametrize(
    ("state", "events"),
    [
        ({"Type": "Pass"}, 2),
        ({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke"}, 5),
        ({"Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun.sync"}, 6),
        ({"Type": "Map"}, 4),
    ],
)
def test_events_of_a_state(state, events):
    assert sizes.events_of(state) == events


def test_an_execution_ends_at_its_event_25000_and_others_go_on():
    histories = sizes.Histories()

    assert histories.add("a", 24_998) is None
    assert histories.add("b", 2) is None
    assert "25000" in histories.add("a", 1)


def test_counts_of_old_executions_are_dropped():
    histories = sizes.Histories()
    histories.add("first", 24_000)
    for number in range(sizes.EXECUTIONS_COUNTED):
        histories.add(str(number), 1)

    assert histories.add("first", 24_000) is None


@pytest.mark.parametrize(
    ("sizes_by_number", "numbers", "small"),
    [
        ({1: 5 * MIB, 2: 1}, [1, 2], None),
        ({1: 5 * MIB - 1, 2: 1}, [1, 2], 1),
        ({1: 1}, [1], None),
        ({1: 1, 2: 5 * MIB, 3: 1}, [2, 3], None),
        ({1: 5 * MIB, 2: 1, 3: 9 * MIB}, [3, 1, 2], 2),
    ],
)
def test_only_the_last_of_the_listed_parts_may_be_small(sizes_by_number, numbers, small):
    assert too_small(sizes_by_number, numbers) == small


def test_part_numbers_are_read_in_any_namespace():
    body = b'<C xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Part><PartNumber>2</PartNumber></Part></C>'

    assert part_numbers(body) == [2]
    assert part_numbers(b"no XML") == []
