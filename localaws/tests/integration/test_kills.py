"""What a call answered with success is there after a SIGKILL right after the answer."""

import json
import os
import signal
import time

import pytest

from localaws import server
from localaws.testing.server import running


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    with running(tmp_path_factory.mktemp("kills")) as aws:
        yield aws


def kill(aws):
    os.kill(server.status(aws.settings).pid, signal.SIGKILL)
    server.start(aws.settings)


def table(aws, name):
    dynamodb = aws.client("dynamodb")
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return dynamodb


def items(dynamodb, name):
    return {item["pk"]["S"]: item.get("n", {}).get("N") for item in dynamodb.scan(TableName=name)["Items"]}


class TestDynamoDb:
    def test_items_written_changed_and_deleted(self, aws, name):
        dynamodb = table(aws, name)
        kill(aws)
        for key in ("kept", "changed", "deleted"):
            dynamodb.put_item(TableName=name, Item={"pk": {"S": key}, "n": {"N": "1"}})
        kill(aws)
        dynamodb.update_item(
            TableName=name,
            Key={"pk": {"S": "changed"}},
            UpdateExpression="SET n = :n",
            ExpressionAttributeValues={":n": {"N": "2"}},
        )
        dynamodb.delete_item(TableName=name, Key={"pk": {"S": "deleted"}})
        kill(aws)

        assert items(dynamodb, name) == {"kept": "1", "changed": "2"}
        assert dynamodb.describe_table(TableName=name)["Table"]["ItemCount"] == 2

    def test_a_transaction(self, aws, name):
        dynamodb = table(aws, name)
        dynamodb.put_item(TableName=name, Item={"pk": {"S": "old"}})
        dynamodb.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": name, "Item": {"pk": {"S": "new"}, "n": {"N": "3"}}}},
                {"Delete": {"TableName": name, "Key": {"pk": {"S": "old"}}}},
            ]
        )
        kill(aws)

        assert items(dynamodb, name) == {"new": "3"}

    def test_a_batch_and_a_deleted_table(self, aws, name):
        dynamodb = table(aws, name)
        table(aws, f"{name}-gone").delete_table(TableName=f"{name}-gone")
        dynamodb.batch_write_item(
            RequestItems={name: [{"PutRequest": {"Item": {"pk": {"S": str(n)}}}} for n in range(20)]}
        )
        kill(aws)

        assert len(items(dynamodb, name)) == 20
        assert f"{name}-gone" not in dynamodb.list_tables()["TableNames"]


class TestSqs:
    def test_messages_sent_received_and_deleted(self, aws, name):
        sqs = aws.client("sqs")
        url, _ = aws.queue(name)
        sqs.send_message(QueueUrl=url, MessageBody="one")
        sqs.send_message_batch(
            QueueUrl=url, Entries=[{"Id": body, "MessageBody": body} for body in ("two", "three", "four")]
        )
        kill(aws)
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=3, VisibilityTimeout=600)["Messages"]
        assert [message["Body"] for message in received] == ["one", "two", "three"]
        kill(aws)
        sqs.delete_message(QueueUrl=url, ReceiptHandle=received[0]["ReceiptHandle"])
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=received[1]["ReceiptHandle"], VisibilityTimeout=0)
        kill(aws)

        (again,) = sqs.receive_message(QueueUrl=url)["Messages"]
        assert again["Body"] == "two"
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert counts["ApproximateNumberOfMessages"] == "1", "four"
        assert counts["ApproximateNumberOfMessagesNotVisible"] == "2", "two and three"

    def test_a_purged_and_a_deleted_queue(self, aws, name):
        sqs = aws.client("sqs")
        url, _ = aws.queue(name)
        gone, _ = aws.queue(f"{name}-gone")
        sqs.send_message(QueueUrl=url, MessageBody="one")
        kill(aws)
        sqs.purge_queue(QueueUrl=url)
        sqs.delete_queue(QueueUrl=gone)
        kill(aws)

        assert "Messages" not in sqs.receive_message(QueueUrl=url)
        assert gone not in sqs.list_queues()["QueueUrls"]


class TestS3:
    def test_objects_versions_and_the_settings_of_a_bucket(self, aws, name):
        s3 = aws.client("s3")
        s3.create_bucket(Bucket=name)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
        kill(aws)
        first = s3.put_object(Bucket=name, Key="k", Body=b"one", Metadata={"m": "1"}, Tagging="t=1")["VersionId"]
        second = s3.put_object(Bucket=name, Key="k", Body=b"two")["VersionId"]
        s3.put_object(Bucket=name, Key="deleted", Body=b"x")
        s3.delete_object(Bucket=name, Key="deleted")
        kill(aws)

        bodies = [s3.get_object(Bucket=name, Key="k", VersionId=version)["Body"].read() for version in (first, second)]
        assert bodies == [b"one", b"two"]
        assert s3.head_object(Bucket=name, Key="k", VersionId=first)["Metadata"] == {"m": "1"}
        assert s3.get_object_tagging(Bucket=name, Key="k", VersionId=first)["TagSet"] == [{"Key": "t", "Value": "1"}]
        assert [one["Key"] for one in s3.list_objects_v2(Bucket=name)["Contents"]] == ["k"]
        assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == [{"Key": "a", "Value": "b"}]


class TestGlue:
    def test_databases_tables_and_partitions(self, aws, name):
        glue = aws.client("glue")
        columns = [{"Name": "id", "Type": "bigint"}]
        keys = [{"Name": "day", "Type": "string"}]
        glue.create_database(DatabaseInput={"Name": name})
        for one in ("kept", "gone"):
            descriptor = {"Columns": columns, "Location": f"s3://{name}/{one}"}
            glue.create_table(
                DatabaseName=name, TableInput={"Name": one, "PartitionKeys": keys, "StorageDescriptor": descriptor}
            )
        kill(aws)
        glue.update_table(
            DatabaseName=name,
            TableInput={
                "Name": "kept",
                "PartitionKeys": keys,
                "StorageDescriptor": {"Columns": columns, "Location": f"s3://{name}/kept"},
                "Parameters": {"metadata_location": "s3://second"},
            },
        )
        glue.delete_table(DatabaseName=name, Name="gone")
        glue.batch_create_partition(
            DatabaseName=name,
            TableName="kept",
            PartitionInputList=[
                {"Values": [day], "StorageDescriptor": {"Columns": columns, "Location": f"s3://{name}/{day}"}}
                for day in ("1", "2", "3")
            ],
        )
        glue.delete_partition(DatabaseName=name, TableName="kept", PartitionValues=["2"])
        kill(aws)

        (table,) = glue.get_tables(DatabaseName=name)["TableList"]
        assert table["Parameters"]["metadata_location"] == "s3://second"
        partitions = glue.get_partitions(DatabaseName=name, TableName="kept")["Partitions"]
        assert [partition["Values"] for partition in partitions] == [["1"], ["3"]]


class TestEvents:
    def test_a_rule_and_an_event_in_the_queue_it_is_for(self, aws, name):
        events = aws.client("events")
        url = aws.subscribed_queue(name, {"source": [name]})
        kill(aws)
        answer = events.put_events(Entries=[{"Source": name, "DetailType": "t", "Detail": '{"n": 1}'}])
        kill(aws)

        assert answer["FailedEntryCount"] == 0
        (event,) = aws.received(url)
        assert json.loads(event)["detail"] == {"n": 1}
        events.disable_rule(Name=name)
        kill(aws)
        assert events.describe_rule(Name=name)["State"] == "DISABLED"


class TestStepFunctions:
    def test_an_execution_that_ended_and_one_that_had_begun(self, aws, name):
        machine = aws.machine(name, {"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": 7, "End": True}}})
        wait = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}
        waiting = aws.machine(f"{name}-wait", wait)
        states = aws.client("stepfunctions")
        kill(aws)
        ended = states.start_execution(stateMachineArn=machine, name="first")["executionArn"]
        assert aws.ended(ended)["status"] == "SUCCEEDED"
        begun = states.start_execution(stateMachineArn=waiting, name="second")["executionArn"]
        kill(aws)

        assert (aws.ended(ended)["status"], aws.ended(ended)["output"]) == ("SUCCEEDED", "7")
        history = states.get_execution_history(executionArn=ended)["events"]
        assert history[-1]["type"] == "ExecutionSucceeded"
        assert aws.ended(begun)["status"] == "FAILED"


class TestEventsUnderWay:
    def test_the_event_of_an_object(self, aws, name):
        s3 = aws.client("s3")
        s3.create_bucket(Bucket=name)
        s3.put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
        url = aws.subscribed_queue(name, {"source": ["aws.s3"], "detail": {"bucket": {"name": [name]}}})
        for n in range(5):
            s3.put_object(Bucket=name, Key=str(n), Body=b"x")
        kill(aws)

        found = set()
        while len(found) < 5:
            bodies = aws.received(url)
            assert bodies, f"only {found}"
            found |= {json.loads(body)["detail"]["object"]["key"] for body in bodies}

    def test_an_event_for_a_function_that_had_been_accepted(self, aws, name):
        url, _ = aws.queue(name)
        aws.function(
            name,
            "import boto3, time\n"
            "def handler(event, context):\n"
            "    time.sleep(1)\n"
            f"    boto3.client('sqs').send_message(QueueUrl={url!r}, MessageBody=event['text'])\n",
        )
        aws.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=b'{"text": "accepted"}')
        kill(aws)

        assert aws.received(url) == ["accepted"]
        time.sleep(2)  # the message was its last act; that it ended is then on record, on a busy machine too
        kill(aws)
        time.sleep(3)
        assert aws.received(url, seconds=1) == [], "it was delivered, and is not again"

    def test_a_message_a_function_was_working_on_is_visible_at_once_and_was_not_received(self, aws, name):
        heard, _ = aws.queue(f"{name}-heard")
        url, arn = aws.queue(name, VisibilityTimeout="600")
        aws.client("s3").create_bucket(Bucket=name)
        aws.function(
            name,
            "import boto3, time\n"
            "def handler(event, context):\n"
            "    count = event['Records'][0]['attributes']['ApproximateReceiveCount']\n"
            f"    boto3.client('sqs').send_message(QueueUrl={heard!r}, MessageBody=count)\n"
            "    s3 = boto3.client('s3')\n"
            f"    if not s3.list_objects_v2(Bucket={name!r})['KeyCount']:\n"
            f"        s3.put_object(Bucket={name!r}, Key='first')\n"
            "        time.sleep(100)\n",
            Timeout=120,
        )
        aws.client("lambda").create_event_source_mapping(FunctionName=name, EventSourceArn=arn, BatchSize=1)
        aws.client("sqs").send_message(QueueUrl=url, MessageBody="work")
        assert aws.received(heard) == ["1"]
        kill(aws)

        assert aws.received(heard) == ["1"]


class TestOthers:
    def test_a_function_with_its_code(self, aws, name):
        aws.function(name, "def handler(event, context): return event + 1")
        kill(aws)

        assert aws.client("lambda").invoke(FunctionName=name, Payload=b"1")["Payload"].read() == b"2"

    def test_roles_secrets_parameters_topics_and_schedules(self, aws, name):
        document = {"Version": "2012-10-17", "Statement": []}
        aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document))
        aws.client("secretsmanager").create_secret(Name=name, SecretString="s")
        aws.client("ssm").put_parameter(Name=name, Value="v", Type="String")
        topic = aws.client("sns").create_topic(Name=name)["TopicArn"]
        aws.client("scheduler").create_schedule(
            Name=name,
            ScheduleExpression="rate(1 day)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": topic, "RoleArn": f"arn:aws:iam::000000000000:role/{name}"},
        )
        kill(aws)

        assert aws.client("iam").get_role(RoleName=name)["Role"]["RoleName"] == name
        assert aws.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"] == "s"
        assert aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"] == "v"
        assert aws.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]["TopicArn"] == topic
        assert aws.client("scheduler").get_schedule(Name=name)["ScheduleExpression"] == "rate(1 day)"


def test_a_kill_right_after_a_save_of_everything(aws, name):
    dynamodb = table(aws, name)
    for n in range(300):
        dynamodb.put_item(TableName=name, Item={"pk": {"S": str(n)}})
        time.sleep(0.005)  # long enough for saves in between
    kill(aws)

    assert len(items(dynamodb, name)) == 300
