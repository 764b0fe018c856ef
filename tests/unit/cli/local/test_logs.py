from itertools import islice

import pytest

from cartlake_cli.commands.local import logs


class FakeLogs:
    """CloudWatch Logs with the events it is given: group → [(time, stream, message)]."""

    class exceptions:  # noqa: N801 -- boto3's name
        class ResourceNotFoundException(Exception):  # noqa: N818 -- AWS's name
            pass

    def __init__(self, groups):
        self.groups = groups

    def get_paginator(self, _operation):
        return self

    def paginate(self, logGroupName, startTime, logStreamNamePrefix=""):  # noqa: N803 -- AWS's names
        if logGroupName not in self.groups:
            raise self.exceptions.ResourceNotFoundException
        events = [
            {"timestamp": at, "message": message, "eventId": f"{logGroupName}{at}{message}"}
            for at, stream, message in self.groups[logGroupName]
            if at >= startTime and stream.startswith(logStreamNamePrefix)
        ]
        return [{"events": events[:1]}, {"events": events[1:]}]


def test_the_last_lines_of_a_file_are_printed(tmp_path):
    path = tmp_path / "server.log"
    path.write_text("one\ntwo\nthree\n")

    assert list(logs.file_lines(path, 2, follow=False)) == ["two", "three"]


def test_following_a_file_prints_what_is_written_later(tmp_path, monkeypatch):
    path = tmp_path / "server.log"
    path.write_text("one\n")
    monkeypatch.setattr(logs, "FOLLOW_SECONDS", 0)
    lines = logs.file_lines(path, 10, follow=True)

    first = next(lines)
    with path.open("a") as file:
        file.write("two\n")

    assert [first, next(lines)] == ["one", "two"]


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("file_validator", "/aws/lambda/cartlake-local-file-validator"),
        ("file-validator", "/aws/lambda/cartlake-local-file-validator"),
        ("other", "/aws/lambda/other"),
        ("/aws/vendedlogs/x", "/aws/vendedlogs/x"),
    ],
)
def test_a_function_is_found_by_its_name_in_the_code(name, group):
    assert logs.group_of(name, {"file_validator": "cartlake-local-file-validator"}) == group


def test_the_streams_of_a_job_run_are_merged_by_time():
    client = FakeLogs({"out": [(2000, "jr_1", "b"), (3000, "jr_2", "other")], "err": [(1000, "jr_1-driver", "a")]})

    lines = list(logs.cloudwatch_lines(client, ["out", "err", "missing"], "jr_1", 10, follow=False))

    assert lines == ["1970-01-01T00:00:01.000Z a", "1970-01-01T00:00:02.000Z b"]


def test_following_a_group_prints_each_event_once(monkeypatch):
    client = FakeLogs({"g": [(1000, "s", "a")]})
    monkeypatch.setattr(logs, "FOLLOW_SECONDS", 0)
    lines = logs.cloudwatch_lines(client, ["g"], None, 10, follow=True)

    first = next(lines)
    client.groups["g"] += [(1000, "s", "b"), (2000, "s", "c")]

    assert [line.split()[1] for line in [first, *islice(lines, 2)]] == ["a", "b", "c"]
