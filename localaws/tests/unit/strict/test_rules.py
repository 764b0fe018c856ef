"""What AWS refuses beyond its service models: each rule at its limit and one beyond it."""

import json

import pytest

from localaws.strict.rules import EmptyAccount, refusal
from localaws.strict.rules.messages import entry_bytes, entry_fault
from localaws.strict.rules.resource_policies import bucket_statement_fault

EMPTY = EmptyAccount()
SERVICE = {"Service": "lambda.amazonaws.com"}
DETAIL = {"Source": "shop", "DetailType": "t", "Detail": "{}"}


class Account(EmptyAccount):
    def inline_policies(self, _role):
        return {"first": policy(Resource=["arn:aws:s3:::b/" + "x" * 6_000])}

    def function_timeout(self, _function):
        return 60

    def visibility_timeout(self, queue_arn):
        return 59 if queue_arn.endswith(":short") else 60

    def targets(self, _rule, _bus):
        return ["1", "2", "3", "4"]

    def role_of(self, function):
        return f"arn:aws:iam::1:role/{function}"

    def trust_policy(self, role):
        return "" if role.endswith("/gone") else trust()  # of Lambda

    def role_may(self, role, action, _resource):
        return not role.endswith("/weak") or action == "sqs:ReceiveMessage"


def policy(**changes):
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"} | changes
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=4)


def trust(**changes):
    statement = {"Effect": "Allow", "Principal": SERVICE, "Action": "sts:AssumeRole"} | changes
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def topic_policy(*actions):
    return json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": list(actions), "Resource": "*"}]})


def key_policy(**changes):
    administration = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "kms:*"}
    return json.dumps({"Statement": [administration | {"Resource": "*"} | changes]})


def role_policy(document, name="second"):
    return {"RoleName": "r", "PolicyName": name, "PolicyDocument": document}


def entries(*sizes):
    return {"Entries": [DETAIL | {"Detail": "x" * (size - 5)} for size in sizes]}  # 5: the source and the type


MIB = 1_048_576
HALF = policy(Resource=["arn:aws:s3:::b/" + "x" * 5_000])
QUEUE = "arn:aws:sqs:us-east-1:1:q"
ONE_TARGET = {"Id": "5", "Arn": QUEUE}
POLICY_OF_6144 = policy(Resource="arn:" + "x" * (6_144 - len("".join(policy(Resource="arn:").split()))))

ACCEPTED = [
    ("iam", "PutRolePolicy", role_policy(HALF, "first")),
    ("iam", "PutRolePolicy", role_policy(policy(Sid="Read1", Action=["s3:Get*", "*"], Resource=["arn:*", "*"]))),
    ("iam", "CreatePolicy", {"PolicyDocument": POLICY_OF_6144 + " " * 9_000}),
    ("iam", "CreateRole", {"AssumeRolePolicyDocument": trust()}),
    ("kms", "CreateKey", {}),
    ("kms", "CreateKey", {"Policy": key_policy()}),
    ("kms", "CreateKey", {"Policy": key_policy(Principal=SERVICE), "BypassPolicyLockoutSafetyCheck": True}),
    ("lambda", "CreateFunction", {"Layers": ["l"] * 5, "Timeout": 900, "Environment": {"Variables": {"A": "1"}}}),
    ("lambda", "CreateEventSourceMapping", {"EventSourceArn": QUEUE, "FunctionName": "f", "BatchSize": 10}),
    ("lambda", "CreateEventSourceMapping",
     {"EventSourceArn": QUEUE, "FunctionName": "f", "BatchSize": 11, "MaximumBatchingWindowInSeconds": 1}),
    ("lambda", "CreateEventSourceMapping", {"EventSourceArn": "arn:aws:kinesis:us-east-1:1:s", "BatchSize": 100}),
    ("lambda", "PutFunctionEventInvokeConfig",
     {"FunctionName": "weak", "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:events:us-east-1:1:b"}}}),
    ("lambda", "CreateFunction", {"Role": "arn:aws:iam::1:role/r"}),
    ("sns", "Publish", {"Subject": "x" * 100}),
    ("sns", "CreateTopic", {"Attributes": {"Policy": topic_policy("SNS:Publish", "sns:Subscribe")}}),
    ("sns", "SetTopicAttributes", {"AttributeName": "DisplayName", "AttributeValue": "sns:*"}),
    ("sqs", "SetQueueAttributes", {"Attributes": {"Policy": topic_policy("sqs:*")}}),
    ("events", "PutEvents", entries(MIB // 2, MIB // 2)),
    ("events", "PutTargets", {"Rule": "r", "Targets": [ONE_TARGET]}),
    ("events", "PutTargets", {"Rule": "r", "Targets": [ONE_TARGET | {"Id": "4"}, ONE_TARGET | {"InputPath": "$"}]}),
    *[("events", "PutRule", {"ScheduleExpression": text}) for text in
      ("rate(1 day)", "rate(5 minutes)", "cron(0 3 * * ? *)", "cron(0/15 * ? * MON-FRI *)")],
    ("events", "PutRule", {"EventPattern": "{}"}),
    ("s3", "PutObject", {"Key": "k" * 1_024, "x-amz-tagging": "&".join(f"k{n}=v" for n in range(10))}),
    ("s3", "PutObject", {"Key": "%C3%BC" * 512, "x-amz-meta-": {"a": "x" * 2_047}}),
    ("s3", "PutObjectTagging", {"Tagging": {"TagSet": [{"Key": "k" * 128, "Value": "ü" * 256}]}}),
    ("s3", "DeleteObjects", {"Delete": {"Object": [{}] * 1_000}}),
    ("glue", "CreateJob", {"Timeout": 10_080, "WorkerType": "G.1X", "NumberOfWorkers": 2}),
    ("glue", "CreateJob", {"Command": {"Name": "pythonshell"}, "MaxCapacity": 0.0625}),
    ("cloudwatch", "PutMetricAlarm", {"Period": "60", "EvaluationPeriods": "1440", "DatapointsToAlarm": "1440"}),
    ("cloudwatch", "PutMetricAlarm", {"Period": "86400", "EvaluationPeriods": "7"}),
    ("cloudwatch", "PutMetricAlarm", {"EvaluationPeriods": "1"}),
    ("logs", "PutLogEvents", {"logEvents": [{"timestamp": 1}, {"timestamp": 1}, {"timestamp": 2}]}),
    ("stepfunctions", "StartExecution", {"name": "Ä.day-1_x", "input": json.dumps("x" * 262_142)}),
    ("stepfunctions", "SendTaskSuccess", {"output": "{}"}),
    ("iam", "CreateRole", {"AssumeRolePolicyDocument": trust(), "Tags": [{"Key": str(n)} for n in range(50)]}),
    ("lambda", "CreateFunction", {"Tags": {str(n): "v" for n in range(50)}}),
]  # fmt: skip

REFUSED = [
    ("iam", "PutRolePolicy", role_policy(HALF), "LimitExceeded", "10240 bytes exceeded for role r"),
    ("iam", "PutRolePolicy", role_policy(policy(Sid="a-b")), "MalformedPolicyDocument", "alpha-numeric"),
    ("iam", "PutRolePolicy", role_policy(policy(Action="GetObject")), "MalformedPolicyDocument", "vendor"),
    ("iam", "PutRolePolicy", role_policy(policy(Action="s3:Get Object")), "MalformedPolicyDocument", "s3:Get Object"),
    ("iam", "PutRolePolicy", role_policy(policy(Resource="b/k")), "MalformedPolicyDocument", "ARN format"),
    ("iam", "PutRolePolicy", role_policy("{no"), "MalformedPolicyDocument", "Syntax"),
    ("iam", "CreatePolicyVersion", {"PolicyDocument": POLICY_OF_6144.replace("xx", "xxx", 1)}, "LimitExceeded", "6144"),
    ("iam", "CreateRole", {"AssumeRolePolicyDocument": trust(Sid="x" * 2_048)}, "LimitExceeded", "2048"),
    ("iam", "UpdateAssumeRolePolicy", {"PolicyDocument": trust(Resource="*")}, "MalformedPolicyDocument", "Resource"),
    ("kms", "PutKeyPolicy", {"Policy": key_policy(Principal=SERVICE)}, "MalformedPolicyDocumentException", "future"),
    ("kms", "PutKeyPolicy", {"Policy": key_policy(Action="kms:Encrypt")}, "MalformedPolicyDocumentException", "future"),
    ("lambda", "CreateFunction", {"Layers": ["l"] * 6}, "InvalidParameterValueException", "5 layers"),
    ("lambda", "UpdateFunctionConfiguration", {"Timeout": 901}, "ValidationException", "'901' at 'timeout'"),
    ("lambda", "CreateFunction", {"Environment": {"Variables": {"AWS_REGION": "x"}}}, "InvalidParameterValueException",
     "AWS_REGION"),
    ("lambda", "CreateEventSourceMapping", {"EventSourceArn": f"{QUEUE}:short", "FunctionName": "f"},
     "InvalidParameterValueException", "Queue visibility timeout: 59 seconds is less than Function timeout: 60"),
    ("lambda", "CreateEventSourceMapping", {"EventSourceArn": QUEUE, "FunctionName": "f", "BatchSize": 11},
     "InvalidParameterValueException", "batch window"),
    ("lambda", "CreateEventSourceMapping",
     {"EventSourceArn": f"{QUEUE}.fifo", "FunctionName": "f", "BatchSize": 11, "MaximumBatchingWindowInSeconds": 1},
     "InvalidParameterValueException", "FIFO"),
    ("lambda", "CreateEventSourceMapping", {"EventSourceArn": QUEUE, "FunctionName": "weak"},
     "InvalidParameterValueException", "permissions to call DeleteMessage on SQS"),
    ("lambda", "CreateFunction", {"Role": "arn:aws:iam::1:role/weak", "DeadLetterConfig": {"TargetArn": QUEUE}},
     "InvalidParameterValueException", "permissions to call SendMessage on SQS"),
    ("lambda", "PutFunctionEventInvokeConfig",
     {"FunctionName": "weak", "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sns:us-east-1:1:t"}}},
     "InvalidParameterValueException", "permissions to call Publish on SNS"),
    ("lambda", "CreateFunction", {"Role": "arn:aws:iam::1:role/gone"}, "InvalidParameterValueException",
     "cannot be assumed by Lambda"),
    ("stepfunctions", "CreateStateMachine", {"roleArn": "arn:aws:iam::1:role/r"}, "AccessDeniedException",
     "states.amazonaws.com"),
    ("events", "PutTargets", {"Rule": "r", "Targets": [ONE_TARGET | {"RoleArn": "arn:aws:iam::1:role/r"}]},
     "ValidationException", "'arn:aws:iam::1:role/r' cannot be assumed by principal 'events.amazonaws.com'"),
    ("scheduler", "CreateSchedule", {"Target": {"RoleArn": "arn:aws:iam::1:role/r"}}, "ValidationException",
     "Scheduler"),
    ("sns", "Publish", {"Subject": "a\nb"}, "InvalidParameter", "Subject"),
    ("sns", "Publish", {"Subject": "x" * 101}, "InvalidParameter", "Subject"),
    ("sns", "SetTopicAttributes", {"AttributeName": "Policy", "AttributeValue": topic_policy("sns:*")},
     "InvalidParameter", "out of service scope"),
    ("sns", "CreateTopic", {"Attributes": {"Policy": topic_policy("sqs:SendMessage")}}, "InvalidParameter", "scope"),
    ("sqs", "CreateQueue", {"Attributes": {"Policy": '{"Statement": []}'}}, "InvalidAttributeValue", "Policy"),
    ("events", "PutEvents", entries(MIB // 2, MIB // 2 + 1), "ValidationException", "Total size"),
    ("events", "PutTargets", {"Rule": "r", "Targets": [ONE_TARGET, ONE_TARGET | {"Id": "6"}]},
     "LimitExceededException", "maximum"),
    ("events", "PutTargets", {"Rule": "r", "Targets": [ONE_TARGET | {"Input": "{}", "InputPath": "$"}]},
     "ValidationException", "Only one of"),
    *[("events", "PutRule", {"ScheduleExpression": text}, "ValidationException", "ScheduleExpression") for text in
      ("rate(1 days)", "rate(2 day)", "rate(0 minutes)", "cron(0 3 * * * *)", "cron(0 3 ? * ? *)", "cron(0 3 * *)",
       "daily")],
    ("s3", "PutObject", {"Key": "%C3%BC" * 513}, "KeyTooLongError", "too long"),
    ("s3", "PutObject", {"x-amz-tagging": "&".join(f"k{n}=v" for n in range(11))}, "BadRequest", "10"),
    *[("s3", "CopyObject", {"x-amz-tagging": tags}, "InvalidTag", "") for tags in
      ("=v", "k" * 129 + "=v", "k=" + "v" * 257, "k=%3C", "a=1&a=2")],
    ("s3", "PutObject", {"x-amz-meta-": {"a": "x" * 2_048}}, "MetadataTooLarge", "exceed"),
    ("s3", "DeleteObjects", {"Delete": {"Object": [{}] * 1_001}}, "MalformedXML", "XML"),
    ("s3", "PutBucketPolicy", {"Bucket": "b", "Policy": policy(Resource="arn:aws:s3:::b/" + "x" * 20_480)},
     "PolicyTooLarge", "maximum"),
    ("s3", "PutBucketPolicy", {"Bucket": "b", "Policy": policy(Principal="*")}, "MalformedPolicy", "invalid resource"),
    ("glue", "CreateJob", {"Timeout": 10_081}, "InvalidInputException", "10080 minutes"),
    ("glue", "UpdateJob", {"JobUpdate": {"WorkerType": "G.1X", "NumberOfWorkers": 1}}, "InvalidInputException", "is 2"),
    ("glue", "StartJobRun", {"WorkerType": "G.1X", "MaxCapacity": 2}, "InvalidInputException", "Max Capacity"),
    ("cloudwatch", "PutMetricAlarm", {"Period": "45", "EvaluationPeriods": "1"}, "ValidationError", "multiple of 60"),
    ("cloudwatch", "PutMetricAlarm", {"Period": "60", "EvaluationPeriods": "1441"}, "ValidationError", "86400"),
    ("cloudwatch", "PutMetricAlarm", {"Period": "86400", "EvaluationPeriods": "8"}, "ValidationError", "604800"),
    ("cloudwatch", "PutMetricAlarm", {"EvaluationPeriods": "1", "DatapointsToAlarm": "2"}, "ValidationError", "Data"),
    ("logs", "PutLogEvents", {"logEvents": [{"timestamp": 2}, {"timestamp": 1}]}, "InvalidParameterException", "order"),
    *[("stepfunctions", "StartExecution", {"name": name}, "InvalidName", name) for name in
      ("a b", "a:b", "a/b", "a*", "a\\b", "a\x07", "a|b", "a`b", "a^b")],
    ("stepfunctions", "StartExecution", {"input": json.dumps("ü" * 131_072, ensure_ascii=False)},
     "InvalidExecutionInput", "262144"),
    ("stepfunctions", "StartExecution", {"input": "{no"}, "InvalidExecutionInput", "Input"),
    ("stepfunctions", "SendTaskSuccess", {"output": "no"}, "InvalidOutput", "Output"),
    ("stepfunctions", "SendTaskSuccess", {"output": json.dumps("ü" * 262_143)}, "InvalidOutput", "262144"),
    ("sqs", "TagQueue", {"Tags": {"aws:owner": "x"}}, "InvalidParameterValue", "aws:"),
    ("s3", "PutBucketTagging", {"Tagging": {"TagSet": [{"Key": str(n)} for n in range(51)]}}, "BadRequest", "50"),
    ("kms", "TagResource", {"Tags": [{"TagKey": "AWS:x"}]}, "TagException", "aws:"),
    ("stepfunctions", "CreateStateMachine", {"tags": [{"key": str(n)} for n in range(51)]}, "TooManyTags", "50"),
]  # fmt: skip


@pytest.mark.parametrize(("service", "operation", "members"), ACCEPTED)
def test_what_is_at_the_limit_is_accepted(service, operation, members):
    assert refusal(service, operation, members, Account()) is None


@pytest.mark.parametrize(("service", "operation", "members", "code", "words"), REFUSED)
def test_what_is_beyond_the_limit_is_refused_with_the_services_error(service, operation, members, code, words):
    refused = refusal(service, operation, members, Account())

    assert refused is not None
    assert refused.code == code
    assert words in refused.message


def test_limits_of_iam_are_conflicts():
    assert refusal("iam", "PutRolePolicy", role_policy(HALF), Account()).status == 409
    assert refusal("iam", "PutRolePolicy", role_policy(policy(Sid="a-b")), Account()).status == 400


def test_an_operation_without_rules_is_accepted():
    assert refusal("iam", "ListRoles", {}, EMPTY) is None


def test_a_queue_or_function_that_does_not_exist_is_left_to_the_service():
    request = {"EventSourceArn": f"{QUEUE}:short", "FunctionName": "f"}

    assert refusal("lambda", "CreateEventSourceMapping", request, EMPTY) is None


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (DETAIL, None),
        (DETAIL | {"Detail": '{"a": [1]}'}, None),
        (DETAIL | {"Detail": "no JSON"}, "MalformedDetail"),
        (DETAIL | {"Detail": "[1]"}, "MalformedDetail"),
        *[
            ({name: value for name, value in DETAIL.items() if name != missing}, "InvalidArgument")
            for missing in DETAIL
        ],
    ],
)
def test_an_entry_fails_alone(entry, code):
    fault = entry_fault(entry)

    assert (fault and fault[0]) == code


def test_an_entry_is_measured_in_bytes_with_its_resources_and_14_for_its_time():
    assert entry_bytes({"Source": "ü", "DetailType": "t", "Detail": "{}", "Time": 1, "Resources": ["arn"]}) == 22


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({}, None),
        ({"Action": "s3:*", "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]}, None),
        ({"Action": ["s3:ListBucket", "s3:GetObject"], "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]}, None),
        ({"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b/*"}, "Action does not apply"),
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::b"}, "Action does not apply"),
        ({"Resource": "arn:aws:s3:::bb/*"}, "invalid resource"),
        ({"Resource": []}, "invalid resource"),
        ({"Principal": None}, "Missing required field Principal"),
    ],
)
def test_a_statement_of_a_buckets_policy_is_about_the_bucket(changes, fault):
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"} | changes

    found = bucket_statement_fault(statement, "b")

    assert found == fault or (fault and fault in found)
