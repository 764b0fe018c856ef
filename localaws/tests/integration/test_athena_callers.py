"""A query has the rights of the role that starts it, on the tables of Glue and on the objects of S3."""

import json
from types import SimpleNamespace

import boto3
import pytest

from localaws.testing.server import eventually, running

pytestmark = pytest.mark.integration

ACCOUNT = "000000000000"
GLUE = f"arn:aws:glue:us-east-1:{ACCOUNT}"
TABLES = [f"{GLUE}:catalog", f"{GLUE}:database/shop", f"{GLUE}:table/shop/*"]
STATEMENTS = [
    {"Action": "athena:*", "Resource": "*"},
    {"Action": ["glue:GetTable", "glue:GetDatabase"], "Resource": [*TABLES[:2], f"{GLUE}:table/shop/sales"]},
    {"Action": ["glue:GetTable"], "Resource": [f"{GLUE}:table/shop/{name}" for name in ("people", "names")]},
    {"Action": "s3:GetObject", "Resource": ["arn:aws:s3:::lake/sales/*", "arn:aws:s3:::results/reader/*"]},
    {"Action": "s3:PutObject", "Resource": "arn:aws:s3:::results/reader/*"},
]


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]})


def run(athena, sql, prefix="reader"):
    """The state and the reason of a query that ended."""
    started = athena.start_query_execution(
        QueryString=sql, ResultConfiguration={"OutputLocation": f"s3://results/{prefix}/"}
    )

    def ended():
        found = athena.get_query_execution(QueryExecutionId=started["QueryExecutionId"])["QueryExecution"]["Status"]
        return found if found["State"] not in {"QUEUED", "RUNNING"} else None

    status = eventually(ended)
    return status["State"], status.get("StateChangeReason", "")


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """Tables `sales`, `people` and `hidden` with a row each, a view of people, and a role that reads sales."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCALAWS_AUTH", "1")
        with running(tmp_path_factory.mktemp("callers")) as aws:
            for bucket in ("lake", "results"):
                aws.client("s3").create_bucket(Bucket=bucket)
            root = aws.client("athena")
            assert run(root, "create database shop", "root")[0] == "SUCCEEDED"
            for name in ("sales", "people", "hidden"):
                place = f"location 's3://lake/{name}/' tblproperties ('table_type'='iceberg')"
                assert run(root, f"create table shop.{name} (id int) {place}", "root")[0] == "SUCCEEDED"
                assert run(root, f"insert into shop.{name} values 1", "root")[0] == "SUCCEEDED"
            assert run(root, "create view shop.names as select id from shop.people", "root")[0] == "SUCCEEDED"
            trust = document({"Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}})
            iam = aws.client("iam")
            role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
            iam.put_role_policy(RoleName="reader", PolicyName="read", PolicyDocument=document(*STATEMENTS))
            keys = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="ada")["Credentials"]
            reader = boto3.client(
                "athena",
                endpoint_url=aws.endpoint,
                region_name="us-east-1",
                aws_access_key_id=keys["AccessKeyId"],
                aws_secret_access_key=keys["SecretAccessKey"],
                aws_session_token=keys["SessionToken"],
            )
            yield SimpleNamespace(root=root, reader=reader)


def test_a_role_reads_the_table_that_its_policies_name(lake):
    assert run(lake.reader, "select id from shop.sales") == ("SUCCEEDED", "")


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("select id from shop.hidden", "glue:GetTable on arn:aws:glue:us-east-1:000000000000:table/shop/hidden"),
        ("select id from shop.people", "Permission denied on S3 path: s3://lake/people/"),
        ("select id from shop.names", "Permission denied on S3 path: s3://lake/people/"),
        ("select count(*) from shop.sales, shop.people", "Permission denied on S3 path: s3://lake/people/"),
        ('select * from shop."people$files"', "Permission denied on S3 path: s3://lake/people/"),
        ("insert into shop.sales values 2", "glue:UpdateTable"),
        ("drop table shop.sales", "is not authorized to perform s3:ListBucket on arn:aws:s3:::lake"),
        ("create view shop.mine as select id from shop.sales", "glue:CreateTable"),
        ("show tables in shop", "glue:GetTables"),
    ],
)
def test_a_query_is_refused_what_its_caller_may_not(lake, sql, reason):
    state, said = run(lake.reader, sql)

    assert (state, reason in said) == ("FAILED", True), said


def test_a_result_is_written_only_where_the_caller_may(lake):
    state, said = run(lake.reader, "select id from shop.sales", "root")

    assert (state, "Permission denied on S3 path: s3://results/root/" in said or "s3:PutObject" in said) == (
        "FAILED",
        True,
    ), said


def test_what_was_refused_had_no_effect_and_the_account_may_do_everything(lake):
    assert run(lake.root, "select 1 / (2 - count(*)) from shop.sales", "root") == ("SUCCEEDED", "")
    assert run(lake.root, "select id from shop.hidden", "root") == ("SUCCEEDED", "")
