from itertools import islice
from types import SimpleNamespace

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

    def paginate(self, logGroupName, startTime, logStreamNamePrefix="", filterPattern='""'):  # noqa: N803 -- AWS's names
        if logGroupName not in self.groups:
            raise self.exceptions.ResourceNotFoundException
        events = [
            {"timestamp": at, "message": message, "eventId": f"{logGroupName}{at}{message}"}
            for at, stream, message in self.groups[logGroupName]
            if at >= startTime and stream.startswith(logStreamNamePrefix) and filterPattern.strip('"') in message
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


def test_groups_of_jobs_are_those_of_the_security_configuration():
    class Groups:
        def get_paginator(self, operation):
            assert operation == "describe_log_groups"
            return self

        def paginate(self, logGroupNamePrefix):  # noqa: N803 -- AWS's name
            names = [
                "/aws-glue/jobs/error",
                "/aws-glue/jobs/lake-role/etl/error",
                "/aws-glue/jobs/lake-2-role/etl/error",
            ]
            return [{"logGroups": [{"logGroupName": name}]} for name in names if name.startswith(logGroupNamePrefix)]

    assert logs.job_groups(Groups(), "lake") == ["/aws-glue/jobs/lake-role/etl/error"]


def test_a_job_run_on_emr_serverless_logs_to_one_group_of_the_lake():
    outputs = SimpleNamespace(name_prefix="lake", emr_application_id="00f1")

    groups, stream = logs.job_streams(None, outputs, "00f2")

    assert (groups, stream) == (["/aws/emr-serverless/lake-spark"], "applications/00f1/jobs/00f2/")
    assert logs.all_groups(FakeGroups([*groups, "/aws/emr-serverless/other-spark"]), "lake") == groups


class FakeGroups:
    def __init__(self, names):
        self.pages = [{"logGroups": [{"logGroupName": name} for name in names]}]

    def get_paginator(self, _operation):
        return self

    def paginate(self):
        return self.pages


RUN, OTHER = "transactions-20260131T083000-1a2b3c", "refresh-20260131T083100-1a2b3c"
FILE = "0a" * 16


def test_lines_of_a_file_and_its_runs_come_from_all_groups_in_order_and_once():
    client = FakeLogs({
        "/aws/lambda/lake-claimer": [(2, "s", f"claimed {FILE} for {RUN}"), (4, "s", "nothing of it")],
        "/aws/lambda/lake-validator": [(1, "s", f"validated {FILE}"), (3, "s", f"another {OTHER}")],
    })  # fmt: skip

    lines = list(logs.cloudwatch_lines(client, list(client.groups), None, 100, follow=False, ids=[FILE, RUN]))

    assert [line.split(" ", 1)[1] for line in lines] == [
        f"lake-validator validated {FILE}",
        f"lake-claimer claimed {FILE} for {RUN}",
    ]


def test_a_file_is_looked_for_by_the_runs_that_had_it_and_the_refreshes_of_their_rows():
    earlier, refreshes = RUN.replace("083000", "073000"), ["refresh-20260131T093100-1a2b3c", OTHER]
    record = SimpleNamespace(run_id=RUN, loads=[SimpleNamespace(run_id=earlier), SimpleNamespace(run_id=RUN)])
    marks = {OTHER: [SimpleNamespace(run_id=RUN)], refreshes[0]: [SimpleNamespace(run_id="reviews-x")]}
    ledger = SimpleNamespace(
        files=SimpleNamespace(get_many=lambda _: [record]),
        runs=SimpleNamespace(list=lambda _, limit: [SimpleNamespace(run_id=one) for one in refreshes[:limit]]),
        stale=SimpleNamespace(of_run=marks.__getitem__),
    )

    assert logs.ids_of(FILE, ledger) == [FILE, earlier, RUN, OTHER]
    assert logs.ids_of(RUN, ledger) == [RUN, OTHER]
    assert logs.ids_of(refreshes[0], ledger) == [refreshes[0]]
    assert [logs.is_id(name) for name in (FILE, RUN, "file_validator", "/aws/lambda/x")] == [True, True, False, False]
