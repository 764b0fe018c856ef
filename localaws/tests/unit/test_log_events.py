"""Events that FilterLogEvents finds, and their pages."""

import pytest

from localaws.extensions.cloudwatch.log_events import matching, page

STREAMS = {
    "a/1": {"events": [{"timestamp": 1, "message": "one"}, {"timestamp": 3, "message": "three ERROR"}]},
    "a/2": {"events": [{"timestamp": 2, "message": "two ERROR", "eventId": "known"}]},
    "b/1": {"events": [{"timestamp": 0, "message": "zero ERROR"}]},
}


@pytest.mark.parametrize(
    ("request_", "messages"),
    [
        ({}, ["zero ERROR", "one", "two ERROR", "three ERROR"]),
        ({"logStreamNamePrefix": "a/"}, ["one", "two ERROR", "three ERROR"]),
        ({"logStreamNames": ["a/2"]}, ["two ERROR"]),
        ({"startTime": 1, "endTime": 2}, ["one", "two ERROR"]),
        ({"filterPattern": "ERROR", "startTime": 1}, ["two ERROR", "three ERROR"]),
    ],
    ids=["all", "prefix", "names", "times", "pattern"],
)
def test_events_are_found_by_stream_time_and_pattern(request_, messages):
    assert [event["message"] for event in matching(STREAMS, request_)] == messages


def test_every_event_has_an_id_and_keeps_it():
    first, again = (list(matching(STREAMS, {})) for _ in range(2))

    assert [event["eventId"] for event in first] == [event["eventId"] for event in again]
    assert len({event["eventId"] for event in first}) == 4
    assert "known" in {event["eventId"] for event in first}


def test_pages_follow_each_other_and_the_last_has_no_token():
    events, found, token = [{"eventId": number} for number in range(25)], [], None
    while True:
        answer = page(events, token, 10)
        found += answer["events"]
        if (token := answer.get("nextToken")) is None:
            break

    assert found == events
    with pytest.raises(ValueError, match="no-token"):
        page(events, "no-token", None)
