"""A throttled batch of a queue is tried again until its messages are visible."""

import itertools
import time

from localaws.extensions.lambda_.queues import until


def test_a_throttled_batch_is_tried_again(monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda _: None)
    answers = iter([{"throttle": True}, {"throttle": True}, {"body": 1}])

    assert until(time.time() + 60, lambda: next(answers)) == {"body": 1}


def test_it_is_given_up_before_the_messages_are_visible(monkeypatch):
    times = itertools.count(0.0, 0.5)
    monkeypatch.setattr(time, "time", lambda: next(times))
    monkeypatch.setattr(time, "sleep", lambda _: None)
    tries = []

    assert until(3.0, lambda: tries.append(1) or {"throttle": True}) == {"throttle": True}
    assert 1 < len(tries) < 6


def test_a_batch_that_failed_is_not_tried_again():
    answers = iter([{"error": True}])

    assert until(time.time() + 60, lambda: next(answers)) == {"error": True}
