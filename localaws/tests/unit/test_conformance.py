"""The command that checks an endpoint: what it says of answers that are not those of AWS."""

import http.server
import json
import threading

import pytest
from botocore.exceptions import ClientError

from localaws.conformance import __main__ as command
from localaws.conformance.checks import Check, equal, refused
from localaws.conformance.errors import OtherAnswerError
from localaws.conformance.running import AS_AWS, MISSING, NO_ANSWER, OTHER, run
from localaws.conformance.services import CHECKS
from localaws.conformance.target import Target

SERVICES = {
    "athena", "cloudwatch", "dynamodb", "events", "glue", "iam", "kms", "lambda", "logs", "s3", "sns", "sqs",
    "stepfunctions",
}  # fmt: skip


class Broken(http.server.BaseHTTPRequestHandler):
    """Answers every request with the status and body that the test chose."""

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer  # noqa: N815 -- http.server's names

    def log_message(self, *_):
        """Print nothing."""


@pytest.fixture
def endpoint():
    """A function that starts a server with one answer, and returns its URL."""
    servers = []

    def start(status, body):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Broken)
        server.status, server.body = status, body
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def outcome(url, body):
    target = Target(url, "us-east-1", 1, "role")
    (found,) = run(target, [Check("s3", "does so", body)])
    return found


def listed(target):
    equal([bucket["Name"] for bucket in target.client("s3").list_buckets()["Buckets"]], ["a"])


def a_list_of(*names):
    buckets = "".join(f"<Bucket><Name>{name}</Name></Bucket>" for name in names)
    return f"<ListAllMyBucketsResult><Buckets>{buckets}</Buckets></ListAllMyBucketsResult>".encode()


@pytest.mark.parametrize(
    ("status", "body", "state", "reason"),
    [
        (200, a_list_of("a"), AS_AWS, ""),
        (200, a_list_of("b"), OTHER, "answered ['b'], AWS ['a']"),
        (200, b"<ListAllMyBucketsResult/>", OTHER, "an answer without 'Buckets'"),
        (501, b"<Error><Code>NotImplemented</Code></Error>", MISSING, "NotImplemented"),
        (500, b"<Error><Code>InternalError</Code></Error>", OTHER, "InternalError"),
        (200, b"no XML", OTHER, ""),
    ],
)
def test_each_kind_of_answer_has_its_word(endpoint, status, body, state, reason):
    found = outcome(endpoint(status, body), listed)

    assert found.state == state
    assert reason in found.reason


def test_an_endpoint_that_is_not_there_gives_no_answer():
    assert outcome("http://127.0.0.1:1", listed).state == NO_ANSWER


def test_a_call_that_should_be_refused_and_succeeds_is_another_answer(endpoint):
    def refuses(target):
        refused("AccessDenied", target.client("s3").list_buckets)

    assert outcome(endpoint(200, a_list_of()), refuses).reason == "succeeded, AWS answers AccessDenied"
    assert outcome(endpoint(403, b"<Error><Code>AccessDenied</Code></Error>"), refuses).state == AS_AWS
    assert "Other" in outcome(endpoint(400, b"<Error><Code>Other</Code></Error>"), refuses).reason


def test_what_a_check_created_is_deleted_in_reverse_also_when_it_fails():
    deleted = []

    def remember(number):
        deleted.append(number)

    def creates(target):
        for number in (1, 2):
            target.later(remember, number=number)
        raise OtherAnswerError("so")

    assert outcome("http://127.0.0.1:1", creates).reason == "so"
    assert deleted == [2, 1]


def test_the_command_prints_a_table_and_ends_with_1_when_an_answer_differs(endpoint, capsys):
    code = command.main(["--endpoint", endpoint(501, b"<Error><Code>NotImplemented</Code></Error>"), "--service", "s3"])

    lines = capsys.readouterr().out.splitlines()
    s3 = [check for check in CHECKS if check.service == "s3"]
    assert code == 1
    assert lines[:2] == ["| service | what AWS does | this endpoint | reason |", "|---|---|---|---|"]
    assert sum("| not available |" in line for line in lines) == len(s3)
    assert lines[-1].startswith("all: ")


def test_json_has_the_same_for_programs(endpoint, capsys):
    command.main(["--endpoint", endpoint(501, b"{}"), "--service", "dynamodb", "--json"])

    found = json.loads(capsys.readouterr().out)
    assert {check["service"] for check in found["checks"]} == {"dynamodb"}
    assert {check["state"] for check in found["checks"]} == {MISSING}


def test_a_service_without_checks_is_named(capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(["--endpoint", "http://127.0.0.1:1", "--service", "ec3"])

    assert ended.value.code == 2
    assert "no checks of ec3: known are athena," in capsys.readouterr().err


def test_every_service_has_checks_and_no_behaviour_is_told_twice():
    assert {check.service for check in CHECKS} == SERVICES
    assert len({check.behaviour for check in CHECKS}) == len(CHECKS) >= 50


def test_what_was_created_is_deleted_also_when_a_last_object_came_late():
    target, tries = Target("http://127.0.0.1:1", "us-east-1", 1, "role"), []

    def delete(**_):
        tries.append(1)
        if len(tries) < 3:
            raise ClientError({"Error": {"Code": "BucketNotEmpty"}}, "DeleteBucket")

    def gone(**_):
        tries.append(1)
        raise ClientError({"Error": {"Code": "NoSuchBucket"}}, "DeleteBucket")

    target.later(delete, Bucket="one")
    target.clean_up()
    assert len(tries) == 3
    target.later(gone, Bucket="one")
    target.clean_up()
    assert len(tries) == 4
