"""Every behaviour of the embedded AWS that the lake relies on, by its effect. Run them for every MiniStack version."""

import hashlib
import io
import json
import os
import signal
import socket
import time
import urllib.request
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from localaws import server

pytestmark = pytest.mark.integration


def resident_mb(localaws):
    """Return the memory of the server's process, without the files it has mapped."""
    pid = server.status(localaws.settings).pid
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("RssAnon")).split()[1]) / 1024


class TestServer:
    def test_it_listens_on_the_loopback_interface_only(self, localaws):
        port = int(localaws.endpoint.rsplit(":", 1)[1])
        listening = [
            line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"
        ]

        assert [address for address in listening if address.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]

    def test_starting_again_finds_the_running_server(self, localaws):
        assert server.start(localaws.settings).endpoint == localaws.endpoint

    def test_two_servers_run_side_by_side(self, localaws, own_localaws, name):
        own_localaws.client("s3").create_bucket(Bucket=name)

        assert own_localaws.endpoint != localaws.endpoint
        assert name not in [bucket["Name"] for bucket in localaws.client("s3").list_buckets()["Buckets"]]

    def test_port_and_data_survive_a_stop(self, own_localaws, name):
        own_localaws.client("dynamodb").create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        own_localaws.client("dynamodb").put_item(TableName=name, Item={"pk": {"S": "kept"}})

        server.stop(own_localaws.settings)
        again = server.start(own_localaws.settings)

        assert again.endpoint == own_localaws.endpoint
        assert own_localaws.client("dynamodb").get_item(TableName=name, Key={"pk": {"S": "kept"}})["Item"]

    def test_everything_survives_a_kill(self, own_localaws, name, zipped):
        sqs, s3 = own_localaws.client("sqs"), own_localaws.client("s3")
        url, _ = own_localaws.queue(name)
        sqs.send_message(QueueUrl=url, MessageBody="waiting")
        s3.create_bucket(Bucket=name)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        versions = [s3.put_object(Bucket=name, Key="k", Body=body)["VersionId"] for body in (b"one", b"two")]
        layer = own_localaws.client("lambda").publish_layer_version(
            LayerName=name, Content={"ZipFile": zipped({"python/layered.py": "VALUE = 1\n#" + "x" * 200_000})}
        )
        own_localaws.function(
            name,
            "import layered\ndef handler(event, context): return layered.VALUE",
            Layers=[layer["LayerVersionArn"]],
        )
        time.sleep(3)

        os.kill(server.status(own_localaws.settings).pid, signal.SIGKILL)
        server.start(own_localaws.settings)

        assert own_localaws.received(url) == ["waiting"]
        assert [s3.get_object(Bucket=name, Key="k", VersionId=v)["Body"].read() for v in versions] == [b"one", b"two"]
        assert own_localaws.client("lambda").invoke(FunctionName=name)["Payload"].read() == b"1"

    def test_an_execution_cut_off_by_a_kill_is_announced_as_failed(self, own_localaws, name):
        pattern = {"source": ["aws.states"], "detail": {"status": ["FAILED"]}}
        url = own_localaws.subscribed_queue(name, pattern)
        wait = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}
        execution = own_localaws.client("stepfunctions").start_execution(
            stateMachineArn=own_localaws.machine(name, wait)
        )["executionArn"]
        time.sleep(3)

        os.kill(server.status(own_localaws.settings).pid, signal.SIGKILL)
        server.start(own_localaws.settings)

        assert own_localaws.ended(execution)["status"] == "FAILED"
        (event,) = own_localaws.received(url)
        assert json.loads(event)["detail"]["executionArn"] == execution

    def test_with_auth_a_function_may_do_what_its_role_allows_and_nothing_else(
        self, tmp_path, monkeypatch, name, running_localaws
    ):
        monkeypatch.setenv("LOCALAWS_AUTH", "1")
        with running_localaws(tmp_path) as aws:
            url, arn = aws.queue(name)
            only_tls = {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "sqs:*",
                        "Resource": arn,
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    }
                ],
            }
            aws.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(only_tls)})
            trust = {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
            allowed = {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}],
            }
            iam = aws.client("iam")
            role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
            iam.put_role_policy(RoleName=name, PolicyName="send", PolicyDocument=json.dumps(allowed))
            aws.function(
                name,
                "import boto3\n"
                "def handler(event, context):\n"
                "    sqs = boto3.client('sqs')\n"
                "    sqs.send_message(QueueUrl=event, MessageBody='allowed')\n"
                "    sqs.send_message_batch(QueueUrl=event, Entries=[{'Id': '1', 'MessageBody': 'in a batch'}])\n"
                "    sqs.receive_message(QueueUrl=event)\n",
                Role=role,
            )

            body = aws.client("lambda").invoke(FunctionName=name, Payload=json.dumps(url))["Payload"].read()

            assert "not authorized to perform: sqs:receivemessage" in json.loads(body)["errorMessage"].lower()
            assert sorted(aws.received(url)) == ["allowed", "in a batch"]

    def test_the_error_for_a_port_in_use_says_what_to_do(self, own_localaws):
        server.stop(own_localaws.settings)
        port = int(own_localaws.endpoint.rsplit(":", 1)[1])
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", port))
            other.listen()

            with pytest.raises(server.ServerError, match=rf"port {port} .*LOCALAWS_PORT"):
                server.start(own_localaws.settings)


class TestS3:
    @pytest.fixture
    def bucket(self, localaws, name):
        s3 = localaws.client("s3")
        s3.create_bucket(Bucket=name)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    def test_each_version_can_be_read(self, localaws, bucket):
        s3 = localaws.client("s3")
        versions = {s3.put_object(Bucket=bucket, Key="k", Body=b)["VersionId"]: b for b in (b"a", b"b", b"c")}

        read = {v: s3.get_object(Bucket=bucket, Key="k", VersionId=v)["Body"].read() for v in versions}

        assert read == versions

    @pytest.mark.parametrize(
        ("wanted", "expected"),
        [("bytes=2-4", b"234"), ("bytes=-2", b"89"), ("bytes=7-", b"789"), ("bytes=0-99", b"0123456789")],
    )
    @pytest.mark.parametrize("which", ["current", "old version"])
    def test_a_range_of_any_version_can_be_read(self, localaws, bucket, which, wanted, expected):
        s3 = localaws.client("s3")
        version = s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")["VersionId"]
        if which == "old version":
            s3.put_object(Bucket=bucket, Key="k", Body=b"other")

        got = s3.get_object(Bucket=bucket, Key="k", VersionId=version, Range=wanted)

        assert got["Body"].read() == expected
        assert got["ContentRange"].startswith("bytes ")
        assert got["ContentLength"] == len(expected)

    def test_a_range_behind_the_end_is_refused(self, localaws, bucket):
        s3 = localaws.client("s3")
        version = s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")["VersionId"]

        with pytest.raises(ClientError, match=r"416|InvalidRange"):
            s3.get_object(Bucket=bucket, Key="k", VersionId=version, Range="bytes=10-")

    def test_a_large_object_comes_whole_without_filling_memory(self, localaws, bucket):
        s3, body = localaws.client("s3"), os.urandom(1 << 20) * 200
        s3.upload_fileobj(io.BytesIO(body), bucket, "large")
        peaks, before = [], resident_mb(localaws)

        digest = hashlib.sha256()
        for chunk in s3.get_object(Bucket=bucket, Key="large")["Body"].iter_chunks(1 << 20):
            digest.update(chunk)
            peaks.append(resident_mb(localaws))

        assert digest.digest() == hashlib.sha256(body).digest()
        assert max(peaks) - before < 50

    def test_parts_of_an_upload_wait_on_disk(self, localaws, bucket):
        s3, part = localaws.client("s3"), os.urandom(50_000_000)
        before = resident_mb(localaws)
        upload = s3.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]

        for number in range(1, 7):
            s3.upload_part(Bucket=bucket, Key="big", UploadId=upload, PartNumber=number, Body=part)

        assert resident_mb(localaws) - before < 200
        listed = s3.list_parts(Bucket=bucket, Key="big", UploadId=upload)["Parts"]
        assert [listed_part["Size"] for listed_part in listed] == [50_000_000] * 6

    def test_an_object_uploaded_in_parts_keeps_the_tags_its_upload_was_begun_with(self, own_localaws):
        s3, bucket = own_localaws.client("s3"), "tagged"
        s3.create_bucket(Bucket=bucket)
        upload = s3.create_multipart_upload(Bucket=bucket, Key="big", Tagging="Project=cartlake&Empty=")["UploadId"]
        part = s3.upload_part(Bucket=bucket, Key="big", UploadId=upload, PartNumber=1, Body=b"x")
        parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}

        s3.complete_multipart_upload(Bucket=bucket, Key="big", UploadId=upload, MultipartUpload=parts)
        server.stop(own_localaws.settings)
        server.start(own_localaws.settings)

        tags = s3.get_object_tagging(Bucket=bucket, Key="big")["TagSet"]
        assert {tag["Key"]: tag["Value"] for tag in tags} == {"Project": "cartlake", "Empty": ""}

    def test_a_copy_with_a_condition_overwrites_nothing(self, localaws, bucket):
        s3 = localaws.client("s3")
        s3.put_object(Bucket=bucket, Key="source", Body=b"first")
        copy = {"Bucket": bucket, "Key": "k", "CopySource": {"Bucket": bucket, "Key": "source"}, "IfNoneMatch": "*"}
        s3.copy_object(**copy)
        s3.put_object(Bucket=bucket, Key="source", Body=b"second")
        with pytest.raises(ClientError, match="PreconditionFailed"):
            s3.copy_object(**copy)
        assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"first"

    def test_deleting_the_newest_version_brings_the_older_back(self, localaws, bucket):
        s3 = localaws.client("s3")
        s3.put_object(Bucket=bucket, Key="k", Body=b"old")
        newest = s3.put_object(Bucket=bucket, Key="k", Body=b"new")["VersionId"]
        marker = s3.delete_object(Bucket=bucket, Key="k")["VersionId"]

        s3.delete_object(Bucket=bucket, Key="k", VersionId=marker)
        after_marker = s3.get_object(Bucket=bucket, Key="k")["Body"].read()
        s3.delete_object(Bucket=bucket, Key="k", VersionId=newest)

        assert (after_marker, s3.get_object(Bucket=bucket, Key="k")["Body"].read()) == (b"new", b"old")

    def test_keys_with_percent_signs_can_be_listed_and_deleted(self, localaws, bucket):
        s3 = localaws.client("s3")
        for key in ("day=1%3A2/a b+c", "plain", "ü&<"):
            s3.put_object(Bucket=bucket, Key=key, Body=b"")

        listed = s3.list_object_versions(Bucket=bucket)["Versions"]
        for version in listed:
            s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])

        assert sorted(version["Key"] for version in listed) == ["day=1%3A2/a b+c", "plain", "ü&<"]
        assert "Versions" not in s3.list_object_versions(Bucket=bucket)

    def test_a_listing_that_is_asked_to_encode_keys_does(self, localaws, bucket):
        localaws.client("s3").put_object(Bucket=bucket, Key="day=1%3A2/a b&c", Body=b"")

        with urllib.request.urlopen(f"{localaws.endpoint}/{bucket}?versions&encoding-type=url") as answer:
            listing = answer.read().decode()

        assert "<EncodingType>url</EncodingType>" in listing
        assert "<Key>day%3D1%253A2/a%20b%26c</Key>" in listing

    def test_object_created_events_name_the_version(self, localaws, bucket, name):
        s3 = localaws.client("s3")
        s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
        url = localaws.subscribed_queue(
            f"{name}-events",
            {
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {"bucket": {"name": [bucket]}, "object": {"key": [{"anything-but": {"prefix": "_"}}]}},
            },
        )
        s3.put_object(Bucket=bucket, Key="_ignored", Body=b"x")

        written = s3.put_object(Bucket=bucket, Key="incoming/ü b.csv", Body=b"12345")

        (event,) = localaws.received(url)
        found = json.loads(event)["detail"]["object"]
        assert found | {"sequencer": "any"} == {
            "key": "incoming/ü b.csv",
            "size": 5,
            "etag": written["ETag"].strip('"'),
            "version-id": written["VersionId"],
            "sequencer": "any",
        }
        assert found["sequencer"]

    def test_multipart_uploads_raise_an_event_with_their_version(self, localaws, bucket, name):
        s3 = localaws.client("s3")
        s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
        url = localaws.subscribed_queue(f"{name}-events", {"detail": {"bucket": {"name": [bucket]}}})
        upload = s3.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
        parts = [
            {
                "PartNumber": number,
                "ETag": s3.upload_part(Bucket=bucket, Key="big", UploadId=upload, PartNumber=number, Body=body)["ETag"],
            }
            for number, body in ((1, b"x" * 5_242_880), (2, b"y"))
        ]

        done = s3.complete_multipart_upload(Bucket=bucket, Key="big", UploadId=upload, MultipartUpload={"Parts": parts})

        (event,) = localaws.received(url)
        assert json.loads(event)["detail"]["object"]["version-id"] == done["VersionId"]
        ranged = s3.get_object(Bucket=bucket, Key="big", VersionId=done["VersionId"], Range="bytes=5242879-5242880")
        assert ranged["Body"].read() == b"xy"


class TestSqs:
    def test_a_message_comes_back_after_its_visibility_timeout_and_then_goes_to_the_dlq(self, localaws, name):
        dead, dead_arn = localaws.queue(f"{name}-dlq")
        policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2})
        url, _ = localaws.queue(name, VisibilityTimeout="1", RedrivePolicy=policy)
        sqs = localaws.client("sqs")
        sqs.send_message(QueueUrl=url, MessageBody="poison")

        first = sqs.receive_message(QueueUrl=url)["Messages"]
        hidden = sqs.receive_message(QueueUrl=url).get("Messages", [])
        again = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=3)["Messages"]
        time.sleep(1.1)
        third = sqs.receive_message(QueueUrl=url).get("Messages", [])

        assert [len(first), len(hidden), len(again), len(third)] == [1, 0, 1, 0]
        assert localaws.received(dead) == ["poison"]

    def test_dead_letters_can_be_moved_back(self, localaws, name):
        dead, dead_arn = localaws.queue(f"{name}-dlq")
        policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 1})
        url, _ = localaws.queue(name, VisibilityTimeout="0", RedrivePolicy=policy)
        sqs = localaws.client("sqs")
        sqs.send_message(QueueUrl=url, MessageBody="poison")
        sqs.receive_message(QueueUrl=url)
        sqs.receive_message(QueueUrl=url)

        sqs.start_message_move_task(SourceArn=dead_arn)

        assert localaws.received(url) == ["poison"]
        assert localaws.received(dead, seconds=0.5) == []
        task = sqs.list_message_move_tasks(SourceArn=dead_arn)["Results"][0]
        assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 1)

    def test_a_queue_that_is_not_a_dlq_cannot_be_redriven(self, localaws, name):
        _, arn = localaws.queue(name)

        with pytest.raises(ClientError, match="Dead Letter Queue"):
            localaws.client("sqs").start_message_move_task(SourceArn=arn)


class TestLambda:
    def invoke(self, localaws, name, payload=None):
        answer = localaws.client("lambda").invoke(FunctionName=name, Payload=json.dumps(payload))
        return answer.get("FunctionError"), json.loads(answer["Payload"].read())

    def test_an_error_names_the_exception_class_and_where_it_was_raised(self, localaws, name):
        localaws.function(
            name, "class BrokenError(Exception): pass\ndef handler(event, context):\n    raise BrokenError('so')\n"
        )

        error, body = self.invoke(localaws, name)

        assert error
        assert (body["errorType"], body["errorMessage"]) == ("BrokenError", "so")
        assert len(body["stackTrace"]) == 1
        assert "raise BrokenError" in body["stackTrace"][0]

    def test_a_timeout_is_an_error(self, localaws, name):
        localaws.function(name, "import time\ndef handler(event, context): time.sleep(30)", Timeout=1)

        error, body = self.invoke(localaws, name)

        assert error
        assert "timed out after 1.00 seconds" in body["errorMessage"]

    def test_only_the_zip_the_layers_and_the_sdk_can_be_imported(self, localaws, name):
        localaws.function(
            name,
            "import importlib.util as u\n"
            "def handler(event, context): return {n: u.find_spec(n) is not None for n in event}",
        )
        modules = ["boto3", "json", "sqlite3", "ministack", "pydantic", "pyarrow", "cartlake", "localaws", "yaml"]

        _, found = self.invoke(localaws, name, modules)

        assert [module for module, importable in found.items() if importable] == ["boto3", "json", "sqlite3"]

    def test_a_layer_in_s3_can_be_imported(self, localaws, name, zipped):
        localaws.client("s3").create_bucket(Bucket=name)
        body = zipped({"python/deep/__init__.py": "", "python/deep/module.py": "VALUE = 42"})
        localaws.client("s3").put_object(Bucket=name, Key="layer.zip", Body=body)
        layer = localaws.client("lambda").publish_layer_version(
            LayerName=name, Content={"S3Bucket": name, "S3Key": "layer.zip"}
        )
        localaws.function(
            name,
            "from deep import module\ndef handler(event, context): return module.VALUE",
            Layers=[layer["LayerVersionArn"]],
        )

        assert self.invoke(localaws, name) == (None, 42)

    def test_it_sees_its_own_variables_and_none_of_the_servers(self, localaws, name):
        localaws.function(
            name,
            "import os\ndef handler(event, context): return dict(os.environ)",
            Environment={"Variables": {"MINE": "yes", "LOG_LEVEL": "DEBUG"}},
        )

        _, variables = self.invoke(localaws, name)

        assert (variables["MINE"], variables["LOG_LEVEL"]) == ("yes", "DEBUG")
        assert variables["AWS_ENDPOINT_URL"] == localaws.endpoint
        assert variables["AWS_LAMBDA_FUNCTION_NAME"] == name
        assert not {"STATE_DIR", "S3_DATA_DIR", "PERSIST_STATE", "LOCALAWS_HOME", "VIRTUAL_ENV"} & set(variables)

    def test_it_reaches_other_services_with_boto3(self, localaws, name):
        url, _ = localaws.queue(name)
        localaws.function(
            name,
            "import boto3\n"
            "def handler(event, context): boto3.client('sqs').send_message(QueueUrl=event, MessageBody='from inside')",
        )

        assert self.invoke(localaws, name, url) == (None, None)
        assert localaws.received(url) == ["from inside"]

    def test_what_it_prints_is_logged(self, localaws, name, eventually):
        localaws.function(name, "def handler(event, context): print('printed')")
        self.invoke(localaws, name)

        logs = localaws.client("logs")
        found = eventually(
            lambda: logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="printed")["events"]
        )

        assert [event["message"].strip() for event in found] == ["printed"]

    def test_only_the_failed_messages_of_a_batch_come_again(self, localaws, name):
        dead, dead_arn = localaws.queue(f"{name}-dlq")
        policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2})
        url, arn = localaws.queue(name, VisibilityTimeout="6", RedrivePolicy=policy)
        heard, _ = localaws.queue(f"{name}-heard")
        localaws.function(
            name,
            "import boto3\n"
            "def handler(event, context):\n"
            "    sqs = boto3.client('sqs')\n"
            "    for record in event['Records']:\n"
            f"        sqs.send_message(QueueUrl='{heard}', MessageBody=record['body'])\n"
            "    failed = [r['messageId'] for r in event['Records'] if r['body'] == 'bad']\n"
            "    return {'batchItemFailures': [{'itemIdentifier': i} for i in failed]}\n",
            Timeout=6,
        )
        sqs = localaws.client("sqs")
        sqs.send_message_batch(
            QueueUrl=url, Entries=[{"Id": body, "MessageBody": body} for body in ("good", "bad", "fine")]
        )

        localaws.client("lambda").create_event_source_mapping(
            FunctionName=name, EventSourceArn=arn, BatchSize=10, FunctionResponseTypes=["ReportBatchItemFailures"]
        )

        assert localaws.received(dead, seconds=40) == ["bad"]
        bodies = []
        while more := localaws.received(heard, seconds=1):
            bodies += more
        assert sorted(bodies) == ["bad", "bad", "fine", "good"]

    def test_an_event_whose_function_fails_is_retried_and_then_sent_to_its_failure_destination(self, localaws, name):
        dead, dead_arn = localaws.queue(f"{name}-dlq")
        heard, _ = localaws.queue(f"{name}-heard")
        function = localaws.function(
            name,
            "import boto3\n"
            "def handler(event, context):\n"
            f"    boto3.client('sqs').send_message(QueueUrl='{heard}', MessageBody='called')\n"
            "    raise ValueError('never')\n",
        )
        localaws.client("lambda").put_function_event_invoke_config(
            FunctionName=name, MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": dead_arn}}
        )
        events = localaws.client("events")
        events.create_event_bus(Name=name)
        events.put_rule(Name=name, EventBusName=name, EventPattern=json.dumps({"detail-type": [{"prefix": "File"}]}))
        events.put_targets(Rule=name, EventBusName=name, Targets=[{"Id": "f", "Arn": function}])

        entry = {"Source": "cartlake", "EventBusName": name, "Detail": json.dumps({"n": 1})}
        events.put_events(Entries=[entry | {"DetailType": "FileValidated"}, entry | {"DetailType": "Other"}])

        (body,) = localaws.received(dead)
        envelope = json.loads(body)
        assert envelope["requestPayload"]["detail"] == {"n": 1}
        assert envelope["responsePayload"]["errorType"] == "ValueError"
        assert localaws.received(heard) == ["called", "called"]

    def test_many_events_at_once_share_a_few_warm_workers(self, localaws, name):
        heard, _ = localaws.queue(name)
        function = localaws.function(
            name,
            "import boto3, os, time\n"
            "def handler(event, context):\n"
            "    time.sleep(0.2)\n"
            f"    boto3.client('sqs').send_message(QueueUrl='{heard}', MessageBody=str(os.getpid()))\n",
        )
        events = localaws.client("events")
        events.create_event_bus(Name=name)
        events.put_rule(Name=name, EventBusName=name, EventPattern=json.dumps({"source": ["cartlake"]}))
        events.put_targets(Rule=name, EventBusName=name, Targets=[{"Id": "f", "Arn": function}])
        entry = {"Source": "cartlake", "EventBusName": name, "DetailType": "FileValidated", "Detail": "{}"}

        events.put_events(Entries=[entry] * 8)

        workers = localaws.received(heard)
        while len(workers) < 8:
            more = localaws.received(heard)
            assert more, f"{len(workers)} of 8 events were handled"
            workers += more
        assert len(set(workers)) <= max(2, os.cpu_count() or 1)


class TestStepFunctions:
    def start(self, localaws, machine, **arguments):
        return localaws.client("stepfunctions").start_execution(stateMachineArn=machine, **arguments)["executionArn"]

    def test_retry_and_catch_match_the_exception_class(self, localaws, name):
        function = localaws.function(
            name,
            "import os\nclass ThrottledError(Exception): pass\nclass BrokenError(Exception): pass\n"
            "def handler(event, context):\n"
            "    path = '/tmp/' + context.function_name\n"
            "    if os.path.exists(path):\n        os.remove(path); raise BrokenError('twice')\n"
            "    open(path, 'w').close(); raise ThrottledError('once')\n",
        )
        machine = localaws.machine(
            name,
            {
                "StartAt": "Task",
                "States": {
                    "Task": {
                        "Type": "Task",
                        "Resource": "arn:aws:states:::lambda:invoke",
                        "Parameters": {"FunctionName": function, "Payload": {}},
                        "Retry": [{"ErrorEquals": ["ThrottledError"], "IntervalSeconds": 1, "MaxAttempts": 2}],
                        "Catch": [{"ErrorEquals": ["BrokenError"], "ResultPath": "$.failure", "Next": "Caught"}],
                        "End": True,
                    },
                    "Caught": {"Type": "Pass", "End": True},
                },
            },
        )

        ended = localaws.ended(self.start(localaws, machine))

        assert ended["status"] == "SUCCEEDED"
        assert json.loads(ended["output"])["failure"]["Error"] == "BrokenError"

    def callback_machine(self, localaws, name, code, **extra):
        function = localaws.function(name, code)
        return localaws.machine(
            name,
            {
                "StartAt": "Task",
                "States": {
                    "Task": {
                        "Type": "Task",
                        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
                        "Parameters": {"FunctionName": function, "Payload": {"token.$": "$$.Task.Token"}},
                        "TimeoutSeconds": 60,
                        "End": True,
                        **extra.pop("task", {}),
                    }
                },
                **extra,
            },
        )

    def send_token(self, url):
        return (
            "import boto3\ndef handler(event, context):\n"
            f"    boto3.client('sqs').send_message(QueueUrl='{url}', MessageBody=event['token'])\n"
        )

    def test_a_task_waits_for_its_token(self, localaws, name):
        url, _ = localaws.queue(name)
        execution = self.start(localaws, self.callback_machine(localaws, name, self.send_token(url)))
        (token,) = localaws.received(url)

        localaws.client("stepfunctions").send_task_success(taskToken=token, output=json.dumps({"rows": 7}))

        assert json.loads(localaws.ended(execution)["output"]) == {"rows": 7}
        with pytest.raises(ClientError, match=r"TaskDoesNotExist|TaskTimedOut"):
            localaws.client("stepfunctions").send_task_success(taskToken=token, output="{}")

    def test_each_attempt_has_a_token_of_its_own(self, localaws, name):
        url, _ = localaws.queue(name)
        retry = [{"ErrorEquals": ["GlueJobFailed"], "IntervalSeconds": 1, "MaxAttempts": 1}]
        machine = self.callback_machine(localaws, name, self.send_token(url), task={"Retry": retry})
        execution = self.start(localaws, machine)
        states = localaws.client("stepfunctions")
        (first,) = localaws.received(url)

        states.send_task_failure(taskToken=first, error="GlueJobFailed", cause="once")
        (second,) = localaws.received(url)
        states.send_task_success(taskToken=second, output="{}")

        assert first != second
        assert localaws.ended(execution)["status"] == "SUCCEEDED"

    def test_a_task_whose_lambda_raises_fails_at_once(self, localaws, name):
        machine = self.callback_machine(
            localaws, name, "class StartError(Exception): pass\ndef handler(event, context): raise StartError('no')"
        )

        ended = localaws.ended(self.start(localaws, machine), seconds=10)

        assert (ended["status"], ended["error"]) == ("FAILED", "StartError")

    def test_a_stopped_execution_stays_aborted_and_starts_nothing_more(self, localaws, name):
        url, _ = localaws.queue(name)
        retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 5}]
        machine = self.callback_machine(localaws, name, self.send_token(url), task={"Retry": retry})
        execution = self.start(localaws, machine)
        (token,) = localaws.received(url)

        localaws.client("stepfunctions").stop_execution(executionArn=execution)
        time.sleep(0.5)
        with pytest.raises(ClientError):
            localaws.client("stepfunctions").send_task_success(taskToken=token, output="{}")

        assert localaws.received(url, seconds=3) == []
        assert localaws.ended(execution)["status"] == "ABORTED"

    def test_the_machines_timeout_ends_it_and_is_announced(self, localaws, name):
        url = localaws.subscribed_queue(
            f"{name}-events", {"detail-type": ["Step Functions Execution Status Change"], "detail": {"name": [name]}}
        )
        wait = {"StartAt": "W", "TimeoutSeconds": 1, "States": {"W": {"Type": "Wait", "Seconds": 5, "End": True}}}
        execution = self.start(localaws, localaws.machine(name, wait), name=name)

        assert localaws.ended(execution)["status"] == "TIMED_OUT"
        time.sleep(5)
        assert localaws.ended(execution)["status"] == "TIMED_OUT"
        assert {json.loads(event)["detail"]["status"] for event in localaws.received(url)} == {"RUNNING", "TIMED_OUT"}

    def test_a_name_is_used_once(self, localaws, name):
        machine = localaws.machine(name, {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 2, "End": True}}})
        first = self.start(localaws, machine, name="run", input='{"a": 1}')

        assert self.start(localaws, machine, name="run", input='{"a": 1}') == first
        with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
            self.start(localaws, machine, name="run", input='{"a": 2}')
        localaws.ended(first)
        with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
            self.start(localaws, machine, name="run", input='{"a": 1}')

    def test_it_publishes_to_sns_and_puts_events(self, localaws, name):
        url, arn = localaws.queue(name)
        sns = localaws.client("sns")
        topic = sns.create_topic(Name=name)["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        machine = localaws.machine(
            name,
            {
                "StartAt": "Publish",
                "States": {
                    "Publish": {
                        "Type": "Task",
                        "Resource": "arn:aws:states:::sns:publish",
                        "Parameters": {
                            "TopicArn": topic,
                            "Subject": "run failed",
                            "Message.$": "States.JsonToString($)",
                        },
                        "End": True,
                    }
                },
            },
        )

        localaws.ended(self.start(localaws, machine, input='{"run_id": "r"}'))

        (body,) = localaws.received(url)
        assert json.loads(json.loads(body)["Message"]) == {"run_id": "r"}

    def test_settings_are_given_back(self, localaws, name):
        states = localaws.client("stepfunctions")
        group = f"arn:aws:logs:us-east-1:000000000000:log-group:{name}:*"
        logging = {
            "level": "ERROR",
            "includeExecutionData": False,
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}],
        }
        arn = states.create_state_machine(
            name=name,
            definition=json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}),
            roleArn="arn:aws:iam::000000000000:role/test",
            tracingConfiguration={"enabled": True},
            loggingConfiguration=logging,
        )["stateMachineArn"]

        described = states.describe_state_machine(stateMachineArn=arn)

        assert described["tracingConfiguration"] == {"enabled": True}
        assert described["loggingConfiguration"] == logging


class TestDynamoDb:
    @pytest.fixture
    def table(self, localaws, name):
        localaws.client("dynamodb").create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk", "gsi1pk", "gsi1sk")
            ],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by_state",
                    "KeySchema": [
                        {"AttributeName": "gsi1pk", "KeyType": "HASH"},
                        {"AttributeName": "gsi1sk", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        return name

    def item(self, pk, **attributes):
        return {"pk": {"S": pk}, "sk": {"S": "s"}} | {name: {"S": value} for name, value in attributes.items()}

    def test_a_conditional_write_that_fails_writes_nothing_and_shows_the_old_item(self, localaws, table):
        dynamodb = localaws.client("dynamodb")
        dynamodb.put_item(TableName=table, Item=self.item("a", state="NEW"))

        with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException) as refused:
            dynamodb.put_item(
                TableName=table,
                Item=self.item("a", state="OTHER"),
                ConditionExpression="attribute_not_exists(pk)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )

        assert refused.value.response["Item"]["state"] == {"S": "NEW"}
        assert (
            dynamodb.get_item(TableName=table, Key=self.item("a"), ConsistentRead=True)["Item"]["state"]["S"] == "NEW"
        )

    def test_a_transaction_whose_condition_fails_writes_nothing_and_says_which(self, localaws, table):
        dynamodb = localaws.client("dynamodb")
        dynamodb.put_item(TableName=table, Item=self.item("taken"))

        with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as cancelled:
            dynamodb.transact_write_items(
                TransactItems=[
                    {"Put": {"TableName": table, "Item": self.item("free")}},
                    {
                        "Put": {
                            "TableName": table,
                            "Item": self.item("taken"),
                            "ConditionExpression": "attribute_not_exists(pk)",
                        }
                    },
                ]
            )

        reasons = cancelled.value.response["CancellationReasons"]
        assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed"]
        assert "Item" not in dynamodb.get_item(TableName=table, Key=self.item("free"), ConsistentRead=True)

    def test_an_index_follows_its_table(self, localaws, table):
        dynamodb = localaws.client("dynamodb")
        dynamodb.put_item(TableName=table, Item=self.item("a", gsi1pk="t#NEW", gsi1sk="1"))
        dynamodb.update_item(
            TableName=table,
            Key=self.item("a"),
            UpdateExpression="SET gsi1pk = :to",
            ConditionExpression="gsi1pk = :from",
            ExpressionAttributeValues={":to": {"S": "t#DONE"}, ":from": {"S": "t#NEW"}},
        )

        def count(state):
            return dynamodb.query(
                TableName=table,
                IndexName="by_state",
                KeyConditionExpression="gsi1pk = :state",
                ExpressionAttributeValues={":state": {"S": state}},
            )["Count"]

        assert (count("t#NEW"), count("t#DONE")) == (0, 1)


class TestGlue:
    @pytest.fixture
    def database(self, localaws, name):
        localaws.client("glue").create_database(DatabaseInput={"Name": name})
        localaws.client("s3").create_bucket(Bucket=name)
        return name

    def crawl(self, localaws, name, eventually, **settings):
        glue = localaws.client("glue")
        glue.create_crawler(
            Name=name,
            Role="arn:aws:iam::000000000000:role/test",
            DatabaseName=name,
            Targets={"S3Targets": [{"Path": f"s3://{name}/incoming/"}]},
            Tags={"Project": "x"},
            **settings,
        )
        glue.start_crawler(Name=name)
        eventually(lambda: glue.get_crawler(Name=name)["Crawler"]["State"] == "READY")
        return glue.get_crawler(Name=name)["Crawler"]["LastCrawl"]

    def test_a_crawler_makes_a_table_of_each_folder_with_its_columns_and_partitions(
        self, localaws, database, eventually
    ):
        s3, glue = localaws.client("s3"), localaws.client("glue")
        csv = b"order_id,quantity,price,note\nA1,3,9.50,x\nA2,,7,\n"
        s3.put_object(Bucket=database, Key="incoming/transactions/day=2026-01-01/a.csv", Body=csv)
        s3.put_object(Bucket=database, Key="incoming/transactions/day=2026-01-02/b.csv", Body=csv)
        s3.put_object(
            Bucket=database, Key="incoming/reviews/r.jsonl", Body=b'{"stars": 5, "tags": ["a"]}\n{"ok": true}\n'
        )
        configuration = json.dumps({"Version": 1, "Grouping": {"TableLevelConfiguration": 3}})

        last = self.crawl(localaws, database, eventually, Configuration=configuration)

        assert last["Status"] == "SUCCEEDED"
        table = glue.get_table(DatabaseName=database, Name="transactions")["Table"]
        assert [(c["Name"], c["Type"]) for c in table["StorageDescriptor"]["Columns"]] == [
            ("order_id", "string"),
            ("quantity", "bigint"),
            ("price", "double"),
            ("note", "string"),
        ]
        assert table["StorageDescriptor"]["Location"] == f"s3://{database}/incoming/transactions/"
        assert table["Parameters"]["classification"] == "csv"
        assert table["PartitionKeys"] == [{"Name": "day", "Type": "string"}]
        partitions = glue.get_partitions(DatabaseName=database, TableName="transactions")["Partitions"]
        assert [partition["Values"] for partition in partitions] == [["2026-01-01"], ["2026-01-02"]]
        reviews = glue.get_table(DatabaseName=database, Name="reviews")["Table"]["StorageDescriptor"]["Columns"]
        assert {c["Name"]: c["Type"] for c in reviews} == {"stars": "bigint", "tags": "array<string>", "ok": "boolean"}
        metrics = glue.get_crawler_metrics(CrawlerNameList=[database])["CrawlerMetricsList"][0]
        assert metrics["TablesCreated"] == 2

    def test_a_second_crawl_adds_new_partitions_and_columns(self, localaws, database, eventually):
        s3, glue = localaws.client("s3"), localaws.client("glue")
        s3.put_object(Bucket=database, Key="incoming/t/1/a.csv", Body=b"a\n1\n")
        self.crawl(localaws, database, eventually)
        s3.put_object(Bucket=database, Key="incoming/t/2/b.csv", Body=b"a,b\n1,x\n")

        glue.start_crawler(Name=database)
        eventually(lambda: len(glue.get_partitions(DatabaseName=database, TableName="t")["Partitions"]) == 2)

        columns = glue.get_table(DatabaseName=database, Name="t")["Table"]["StorageDescriptor"]["Columns"]
        assert [column["Name"] for column in columns] == ["a", "b"]

    def test_a_crawl_of_a_bucket_that_does_not_exist_fails(self, localaws, database, eventually):
        localaws.client("s3").delete_bucket(Bucket=database)

        last = self.crawl(localaws, database, eventually)

        assert last["Status"] == "FAILED"
        assert "does not exist" in last["ErrorMessage"]

    def test_job_settings_are_given_back(self, localaws, name):
        glue = localaws.client("glue")
        settings = {
            "ExecutionClass": "FLEX",
            "ExecutionProperty": {"MaxConcurrentRuns": 3},
            "Timeout": 60,
            "MaxRetries": 1,
            "GlueVersion": "5.1",
        }
        command = {"Name": "glueetl", "ScriptLocation": "s3://b/k.py", "PythonVersion": "3"}
        glue.create_job(Name=name, Role="r", Command=command, Tags={"a": "b"}, **settings)

        job = glue.get_job(JobName=name)["Job"]

        assert {key: job[key] for key in settings} == settings
        arn = f"arn:aws:glue:us-east-1:000000000000:job/{name}"
        assert glue.get_tags(ResourceArn=arn)["Tags"] == {"a": "b"}


class TestCloudWatch:
    def alarm(self, localaws, name, topic, **settings):
        localaws.client("cloudwatch").put_metric_alarm(
            AlarmName=name,
            ComparisonOperator="GreaterThanThreshold",
            Threshold=0,
            Period=60,
            EvaluationPeriods=1,
            AlarmActions=[topic],
            **{"Statistic": "Maximum", "TreatMissingData": "notBreaching"} | settings,
        )

    @pytest.fixture
    def alerts(self, localaws, name):
        url, arn = localaws.queue(f"{name}-alerts")
        sns = localaws.client("sns")
        topic = sns.create_topic(Name=name)["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        return topic, url

    def test_an_alarm_on_a_dead_letter_queue_fires_and_alerts(self, localaws, name, alerts):
        topic, url = alerts
        dead, _ = localaws.queue(f"{name}-dlq")
        localaws.queue(f"{name}-other")
        for queue in ("dlq", "other"):
            self.alarm(
                localaws,
                f"{name}-{queue}",
                topic,
                Namespace="AWS/SQS",
                MetricName="ApproximateNumberOfMessagesVisible",
                Dimensions=[{"Name": "QueueName", "Value": f"{name}-{queue}"}],
            )

        localaws.client("sqs").send_message(QueueUrl=dead, MessageBody="x")

        messages = [json.loads(json.loads(body)["Message"]) for body in localaws.received(url, seconds=40)]
        assert [(m["AlarmName"], m["NewStateValue"]) for m in messages] == [(f"{name}-dlq", "ALARM")]

    def test_an_alarm_on_failed_executions_fires(self, localaws, name, alerts):
        topic, url = alerts
        machine = localaws.machine(name, {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "No"}}})
        self.alarm(
            localaws,
            name,
            topic,
            Namespace="AWS/States",
            MetricName="ExecutionsFailed",
            Statistic="Sum",
            Dimensions=[{"Name": "StateMachineArn", "Value": machine}],
        )

        localaws.client("stepfunctions").start_execution(stateMachineArn=machine)

        (body,) = localaws.received(url, seconds=40)
        assert json.loads(json.loads(body)["Message"])["AlarmName"] == name

    def test_metrics_that_a_lambda_logs_in_the_embedded_format_are_published(self, localaws, name, eventually):
        record = {
            "_aws": {
                "Timestamp": 1,
                "CloudWatchMetrics": [
                    {"Namespace": name, "Dimensions": [["service"]], "Metrics": [{"Name": "rows", "Unit": "Count"}]}
                ],
            },
            "service": "validator",
            "rows": [3.0],
        }
        localaws.function(name, f"import json\ndef handler(event, context): print(json.dumps({record!r}))")
        localaws.client("lambda").invoke(FunctionName=name)

        def statistics():
            return localaws.client("cloudwatch").get_metric_statistics(
                Namespace=name,
                MetricName="rows",
                Dimensions=[{"Name": "service", "Value": "validator"}],
                StartTime=time.time() - 600,
                EndTime=time.time() + 60,
                Period=600,
                Statistics=["Sum"],
            )["Datapoints"]

        assert sum(point["Sum"] for point in eventually(statistics)) == 3.0

    def test_terraforms_protocol_gives_every_attribute_of_an_alarm(self, localaws, name, alerts):
        topic, _ = alerts
        self.alarm(
            localaws,
            name,
            topic,
            Namespace="AWS/SQS",
            MetricName="m",
            Dimensions=[{"Name": "QueueName", "Value": "q"}],
            DatapointsToAlarm=1,
            AlarmDescription="a < b & c",
        )
        request = urllib.request.Request(
            localaws.endpoint,
            data=f"Action=DescribeAlarms&Version=2010-08-01&AlarmNames.member.1={name}".encode(),
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/monitoring/aws4_request",
            },
        )

        body = urllib.request.urlopen(request).read().decode()

        for expected in (
            "<Period>60</Period>",
            "<Statistic>Maximum</Statistic>",
            "<TreatMissingData>notBreaching</TreatMissingData>",
            f"<AlarmActions><member>{topic}</member></AlarmActions>",
            "<Dimensions><member><Name>QueueName</Name><Value>q</Value></member></Dimensions>",
            "<AlarmDescription>a &lt; b &amp; c</AlarmDescription>",
            "<ActionsEnabled>true</ActionsEnabled>",
        ):
            assert expected in body


class TestScheduler:
    """Schedules, which start maintenance."""

    def schedule(self, localaws, name, arn, **changes):
        target = {"Arn": arn, "RoleArn": "arn:aws:iam::000000000000:role/test", "Input": '{"action": "maintain"}'}
        schedule = {"ScheduleExpression": "cron(30 3 * * ? *)", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}
        localaws.client("scheduler").create_schedule(Name=name, **(schedule | changes))

    def test_a_schedule_that_is_due_calls_its_function_with_its_input(self, localaws, name, eventually):
        url, _ = localaws.queue(name)
        code = (
            "import boto3, json\n\n\ndef handler(event, context):\n"
            f"    boto3.client('sqs').send_message(QueueUrl={url!r}, MessageBody=json.dumps(event))\n"
        )
        self.schedule(localaws, name, localaws.function(name, code), ScheduleExpression="at(2026-01-01T00:00:00)")

        assert [json.loads(body) for body in localaws.received(url, 60)] == [{"action": "maintain"}]

    def test_a_schedule_is_described_as_it_was_created_also_after_a_restart(self, own_localaws, name):
        self.schedule(
            own_localaws, name, "arn:aws:lambda:us-east-1:000000000000:function:router", Description="nightly"
        )

        server.stop(own_localaws.settings)
        server.start(own_localaws.settings)

        found = own_localaws.client("scheduler").get_schedule(Name=name)
        assert (found["ScheduleExpression"], found["Description"]) == ("cron(30 3 * * ? *)", "nightly")
        assert found["Target"]["Input"] == '{"action": "maintain"}'


class TestSns:
    def test_a_filtered_subscription_gets_only_what_it_asks_for(self, localaws, name):
        url, arn = localaws.queue(name)
        sns = localaws.client("sns")
        topic = sns.create_topic(Name=name)["TopicArn"]
        sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"FilterPolicy": json.dumps({"kind": ["failed"]})}
        )

        for kind in ("ok", "failed"):
            sns.publish(
                TopicArn=topic, Message=kind, MessageAttributes={"kind": {"DataType": "String", "StringValue": kind}}
            )

        assert [json.loads(body)["Message"] for body in localaws.received(url)] == ["failed"]


class TestUnknownServices:
    def test_a_request_to_an_unknown_service_takes_no_memory(self, localaws):
        before = resident_mb(localaws)
        with pytest.raises(ClientError):
            localaws.client("xray").get_sampling_rules()

        assert resident_mb(localaws) - before < 50
