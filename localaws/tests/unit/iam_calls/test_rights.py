"""What calls need, by AWS's Service Authorization Reference."""

import botocore.session
import pytest

from localaws.iam_calls import glue, messages, other, rights, s3
from localaws.iam_calls.model import Call, Lookups, Needed

ACCOUNT = "111122223333"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k-1"
MACHINE = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:ingest"
SERVICES = {
    prefix: f"arn:aws:{prefix}:us-east-1:{ACCOUNT}:"
    for prefix in ("athena", "dynamodb", "events", "glue", "lambda", "logs", "sns", "sqs", "states")
}


def needed(service, operation, lookups=None, **members):
    members = {name.replace("__", "-"): value for name, value in members.items()}
    return rights.needed(Call(service, operation, members, "us-east-1", ACCOUNT), lookups)


def pairs(service, operation, lookups=None, **members):
    return [(one.action, one.resource) for one in needed(service, operation, lookups, **members)]


@pytest.mark.parametrize(
    ("operation", "members", "action", "resource"),
    [
        ("ListObjectsV2", {}, "ListBucket", "lake"),
        ("ListObjects", {}, "ListBucket", "lake"),
        ("HeadBucket", {}, "ListBucket", "lake"),
        ("ListObjectVersions", {}, "ListBucketVersions", "lake"),
        ("ListMultipartUploads", {}, "ListBucketMultipartUploads", "lake"),
        ("GetBucketLocation", {}, "GetBucketLocation", "lake"),
        ("GetBucketLifecycleConfiguration", {}, "GetLifecycleConfiguration", "lake"),
        ("PutBucketEncryption", {}, "PutEncryptionConfiguration", "lake"),
        ("GetObject", {"Key": "a/b"}, "GetObject", "lake/a/b"),
        ("GetObject", {"Key": "a", "versionId": "1"}, "GetObjectVersion", "lake/a"),
        ("HeadObject", {"Key": "a"}, "GetObject", "lake/a"),
        ("HeadObject", {"Key": "a", "versionId": "1"}, "GetObjectVersion", "lake/a"),
        ("PutObject", {"Key": "a"}, "PutObject", "lake/a"),
        ("CreateMultipartUpload", {"Key": "a"}, "PutObject", "lake/a"),
        ("UploadPart", {"Key": "a"}, "PutObject", "lake/a"),
        ("CompleteMultipartUpload", {"Key": "a"}, "PutObject", "lake/a"),
        ("AbortMultipartUpload", {"Key": "a"}, "AbortMultipartUpload", "lake/a"),
        ("ListParts", {"Key": "a"}, "ListMultipartUploadParts", "lake/a"),
        ("DeleteObject", {"Key": "a"}, "DeleteObject", "lake/a"),
        ("DeleteObject", {"Key": "a", "versionId": "1"}, "DeleteObjectVersion", "lake/a"),
        ("GetObjectTagging", {"Key": "a", "versionId": "1"}, "GetObjectVersionTagging", "lake/a"),
    ],
)
def test_s3(operation, members, action, resource):
    assert pairs("s3", operation, Bucket="lake", **members) == [(f"s3:{action}", f"arn:aws:s3:::{resource}")]


def test_s3_needs_further_rights():
    assert pairs("s3", "ListBuckets") == [("s3:ListAllMyBuckets", "*")]
    assert pairs("s3", "PutObject", Bucket="b", Key="k", **{"x-amz-tagging": "a=1", "x-amz-acl": "private"}) == [
        ("s3:PutObject", "arn:aws:s3:::b/k"),
        ("s3:PutObjectAcl", "arn:aws:s3:::b/k"),
        ("s3:PutObjectTagging", "arn:aws:s3:::b/k"),
    ]
    deleted = {"Object": [{"Key": "a"}, {"Key": "b", "VersionId": "1"}]}
    assert pairs("s3", "DeleteObjects", Bucket="b", Delete=deleted) == [
        ("s3:DeleteObject", "arn:aws:s3:::b/a"),
        ("s3:DeleteObjectVersion", "arn:aws:s3:::b/b"),
    ]
    assert pairs("s3", "GetObjectAttributes", Bucket="b", Key="k") == [
        ("s3:GetObjectAttributes", "arn:aws:s3:::b/k"),
        ("s3:GetObject", "arn:aws:s3:::b/k"),
    ]


def test_a_copy_reads_its_source_and_the_tags_of_a_tagged_one():
    copy = {"Bucket": "to", "Key": "k", "x-amz-copy-source": "/from/a%20b?versionId=1"}
    plain = [("s3:PutObject", "arn:aws:s3:::to/k"), ("s3:GetObjectVersion", "arn:aws:s3:::from/a b")]
    tagged = Lookups(has_tags=lambda bucket, key: (bucket, key) == ("from", "a b"))

    assert pairs("s3", "CopyObject", **copy) == plain
    assert pairs("s3", "CopyObject", tagged, **copy) == [
        *plain,
        ("s3:GetObjectVersionTagging", "arn:aws:s3:::from/a b"),
        ("s3:PutObjectTagging", "arn:aws:s3:::to/k"),
    ]
    assert pairs("s3", "CopyObject", tagged, **copy, **{"x-amz-tagging-directive": "REPLACE"}) == plain


def test_a_listing_sends_its_prefix():
    [right] = needed("s3", "ListObjectsV2", Bucket="b", prefix="incoming/", **{"max-keys": 7})

    assert right.context == {"s3:prefix": "incoming/", "s3:max-keys": "7"}


def test_only_who_may_list_is_told_that_an_object_is_missing():
    get = Call("s3", "GetObject", {"Bucket": "b", "Key": "k"}, "us-east-1", ACCOUNT)
    put = Call("s3", "PutObject", {"Bucket": "b", "Key": "k"}, "us-east-1", ACCOUNT)

    assert s3.to_tell_missing(get) == [Needed("s3:ListBucket", "arn:aws:s3:::b")]
    assert s3.to_tell_missing(put) == []


@pytest.mark.parametrize(
    ("operation", "members", "resources"),
    [
        ("GetDatabase", {"Name": "raw"}, ["catalog", "database/raw"]),
        ("GetDatabases", {}, ["catalog"]),
        ("GetTable", {"DatabaseName": "raw", "Name": "t"}, ["catalog", "database/raw", "table/raw/t"]),
        ("GetTables", {"DatabaseName": "raw"}, ["catalog", "database/raw", "table/raw/*"]),
        ("GetPartitions", {"DatabaseName": "raw", "TableName": "t"}, ["catalog", "database/raw", "table/raw/t"]),
        (
            "UpdateTable",
            {"DatabaseName": "raw", "TableInput": {"Name": "t"}},
            ["catalog", "database/raw", "table/raw/t"],
        ),
        ("StartJobRun", {"JobName": "load"}, ["job/load"]),
        ("GetCrawler", {"Name": "raw"}, ["crawler/raw"]),
    ],
)
def test_glue(operation, members, resources):
    expected = [(f"glue:{operation}", f"{SERVICES['glue']}{resource}") for resource in resources]

    assert pairs("glue", operation, **members) == expected


@pytest.mark.parametrize(
    ("service", "operation", "members", "action", "resource"),
    [
        ("sqs", "SendMessageBatch", {"QueueUrl": f"http://localhost/{ACCOUNT}/files"}, "SendMessage", "files"),
        ("sqs", "GetQueueUrl", {"QueueName": "files"}, "GetQueueUrl", "files"),
        ("sns", "PublishBatch", {"TopicArn": SERVICES["sns"] + "alerts"}, "Publish", "alerts"),
        (
            "events",
            "PutEvents",
            {"Entries": [{"EventBusName": "lake"}, {"EventBusName": "lake"}]},
            "PutEvents",
            "event-bus/lake",
        ),
        ("events", "PutRule", {"Name": "r", "EventBusName": "lake"}, "PutRule", "rule/lake/r"),
        ("stepfunctions", "StartExecution", {"stateMachineArn": MACHINE}, "StartExecution", "stateMachine:ingest"),
        ("lambda", "Invoke", {"FunctionName": "load"}, "InvokeFunction", "function:load"),
        ("lambda", "Invoke", {"FunctionName": "load", "Qualifier": "live"}, "InvokeFunction", "function:load:live"),
        (
            "lambda",
            "Invoke",
            {"FunctionName": SERVICES["lambda"] + "function:load:live"},
            "InvokeFunction",
            "function:load:live",
        ),
        ("lambda", "GetFunctionConfiguration", {"FunctionName": "load"}, "GetFunctionConfiguration", "function:load"),
        ("dynamodb", "GetItem", {"TableName": "ledger"}, "GetItem", "table/ledger"),
        ("dynamodb", "Query", {"TableName": "ledger", "IndexName": "by_state"}, "Query", "table/ledger/index/by_state"),
        ("dynamodb", "BatchGetItem", {"RequestItems": {"ledger": {}}}, "BatchGetItem", "table/ledger"),
        (
            "logs",
            "PutLogEvents",
            {"logGroupName": "/a", "logStreamName": "s"},
            "PutLogEvents",
            "log-group:/a:log-stream:s",
        ),
        ("athena", "StartQueryExecution", {"WorkGroup": "lake"}, "StartQueryExecution", "workgroup/lake"),
        ("athena", "StartQueryExecution", {}, "StartQueryExecution", "workgroup/primary"),
    ],
)
def test_other_services(service, operation, members, action, resource):
    prefix = rights.PREFIXES.get(service, service)

    assert pairs(service, operation, **members) == [(f"{prefix}:{action}", SERVICES[prefix] + resource)]


def test_a_transaction_needs_the_action_of_each_item():
    items = [
        {"Put": {"TableName": "a"}},
        {"Update": {"TableName": "a"}},
        {"Put": {"TableName": "a"}},
        {"ConditionCheck": {"TableName": "b"}},
    ]

    assert pairs("dynamodb", "TransactWriteItems", TransactItems=items) == [
        ("dynamodb:PutItem", SERVICES["dynamodb"] + "table/a"),
        ("dynamodb:UpdateItem", SERVICES["dynamodb"] + "table/a"),
        ("dynamodb:ConditionCheckItem", SERVICES["dynamodb"] + "table/b"),
    ]


def test_what_only_the_services_know():
    lookups = Lookups(machine_of_token={"t": MACHINE}.__getitem__, workgroup_of_query={"q": "lake"}.__getitem__)

    assert pairs("stepfunctions", "SendTaskSuccess", lookups, taskToken="t") == [("states:SendTaskSuccess", MACHINE)]
    assert pairs("athena", "GetQueryResults", lookups, QueryExecutionId="q") == [
        ("athena:GetQueryResults", SERVICES["athena"] + "workgroup/lake")
    ]


def test_a_role_is_assumed_by_its_arn():
    role = f"arn:aws:iam::{ACCOUNT}:role/analyst"
    assert pairs("sts", "AssumeRole", RoleArn=role, RoleSessionName="api") == [("sts:AssumeRole", role)]
    assert pairs("sts", "GetCallerIdentity") == []


def test_a_secret_is_named_by_its_whole_arn():
    name, other = "lake/key", "none"
    arn = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:lake/key-a1B2c3"
    lookups = Lookups(arn_of_secret={name: arn}.get, key_of_resource=lambda one: KEY if one == arn else "")

    assert pairs("secretsmanager", "GetSecretValue", lookups, SecretId=name) == [
        ("secretsmanager:GetSecretValue", arn),
        ("kms:Decrypt", KEY),
    ]
    assert pairs("secretsmanager", "GetSecretValue", SecretId=other) == [
        ("secretsmanager:GetSecretValue", arn.replace(f"{name}-a1B2c3", other))
    ]
    assert pairs("secretsmanager", "ListSecrets") == [("secretsmanager:ListSecrets", "*")]


def test_services_without_resources():
    assert needed("cloudwatch", "PutMetricData", Namespace="Glue") == [
        Needed("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "Glue"})
    ]
    assert pairs("xray", "PutTraceSegments") == [("xray:PutTraceSegments", "*")]
    assert pairs("sts", "GetCallerIdentity") == []


@pytest.mark.parametrize(
    ("service", "operation", "members", "encrypted", "actions"),
    [
        ("s3", "GetObject", {"Bucket": "b", "Key": "k"}, "arn:aws:s3:::b", ["Decrypt"]),
        ("s3", "HeadObject", {"Bucket": "b", "Key": "k"}, "arn:aws:s3:::b", []),
        ("s3", "ListObjectsV2", {"Bucket": "b"}, "arn:aws:s3:::b", []),
        ("s3", "PutObject", {"Bucket": "b", "Key": "k"}, "arn:aws:s3:::b", ["GenerateDataKey"]),
        ("s3", "UploadPart", {"Bucket": "b", "Key": "k"}, "arn:aws:s3:::b", ["Decrypt", "GenerateDataKey"]),
        ("sqs", "SendMessage", {"QueueUrl": "files"}, SERVICES["sqs"] + "files", ["Decrypt", "GenerateDataKey"]),
        ("sqs", "ReceiveMessage", {"QueueUrl": "files"}, SERVICES["sqs"] + "files", ["Decrypt"]),
        ("dynamodb", "Query", {"TableName": "t", "IndexName": "i"}, SERVICES["dynamodb"] + "table/t", ["Decrypt"]),
        ("sns", "Publish", {"TopicArn": SERVICES["sns"] + "a"}, SERVICES["sns"] + "a", ["Decrypt", "GenerateDataKey"]),
        (
            "stepfunctions",
            "DescribeExecution",
            {"executionArn": SERVICES["states"] + "execution:ingest:run"},
            MACHINE,
            ["Decrypt"],
        ),
    ],
)
def test_an_encrypted_resource_needs_its_key_through_the_service(service, operation, members, encrypted, actions):
    lookups = Lookups(key_of_resource=lambda arn: KEY if arn == encrypted else "")
    via = f"{rights.PREFIXES.get(service, service)}.us-east-1.amazonaws.com"
    found = [one for one in needed(service, operation, lookups, **members) if one.action.startswith("kms:")]

    assert found == [Needed(f"kms:{action}", KEY, {"kms:viaservice": via}) for action in actions]


@pytest.mark.parametrize(
    ("service", "operations"),
    [
        ("s3", {*s3.OBJECT_ACTIONS, *s3.BUCKET_ACTIONS}),
        ("glue", {*glue.TABLE_OPERATIONS, *glue.DATABASE_OPERATIONS, *glue.CATALOG_OPERATIONS, *glue.NAMED}),
        ("athena", other.OF_QUERIES),
        ("stepfunctions", messages.CALLBACKS),
    ],
)
def test_the_operations_of_the_tables_exist(service, operations):
    known = botocore.session.get_session().get_service_model(service).operation_names

    assert operations <= set(known)
