"""Names that an apply would take, the bucket of Terraform's state, and the parts of a deployed lake."""

from types import SimpleNamespace

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from cartlake_cli.doctor import names, parts, state
from cartlake_cli.doctor.findings import Check, Status, result_of


@pytest.fixture
def aws(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield boto3.client


def change(kind, actions, **after):
    return {"address": f"{kind}.this", "type": kind, "change": {"actions": actions, "after": after}}


def test_only_what_a_plan_creates_takes_a_name():
    plan = {
        "resource_changes": [
            change("aws_s3_bucket", ["create"], bucket="lake-raw"),
            change("aws_s3_bucket", ["no-op"], bucket="lake-old"),
            change("aws_glue_catalog_database", ["create"], name="processed"),
            change("aws_lambda_function", ["create"], function_name="f"),
            change("aws_dynamodb_table", ["create"], name=None),
        ]
    }
    found = names.planned_names(plan)
    assert (found.of("aws_s3_bucket"), found.of("aws_glue_catalog_database")) == (["lake-raw"], ["processed"])
    assert found.of("aws_dynamodb_table") == []


def test_free_names_pass_and_taken_ones_fail_with_what_to_set(aws):
    aws("s3").create_bucket(Bucket="lake-raw")
    aws("glue").create_database(DatabaseInput={"Name": "processed"})

    [free] = names.check_buckets(aws("s3"), ["lake-curated"])
    [bucket] = names.check_buckets(aws("s3"), ["lake-raw", "lake-curated"])
    [database] = names.check_databases(aws("glue"), ["processed", "curated"])
    [table] = names.check_tables(aws("dynamodb"), ["ledger"])
    [none] = names.check_tables(aws("dynamodb"), [])

    assert [one.status for one in (free, bucket, database, table, none)] == [
        Status.OK,
        Status.FAIL,
        Status.FAIL,
        Status.OK,
        Status.OK,
    ]
    assert ("lake-raw (in this account)" in bucket.found, "`project`" in bucket.advice) == (True, True)
    assert "`database_prefix`" in database.advice


def test_a_bucket_of_another_account_is_taken(aws):
    client = aws("s3")
    with Stubber(client) as stub:
        stub.add_client_error("head_bucket", "403", http_status_code=403)
        [found] = names.check_buckets(client, ["lake-raw"])
    assert (found.status, "of another account" in found.found) == (Status.FAIL, True)


def test_databases_that_may_not_be_looked_at_are_unknown(aws):
    client = aws("glue")
    with Stubber(client) as stub:
        stub.add_client_error("get_database", "AccessDeniedException")
        [found] = result_of(Check("n", "glue:GetDatabase", lambda: names.check_databases(client, ["processed"])))
    assert (found.status, "glue:GetDatabase" in found.advice) == (Status.UNKNOWN, True)


def test_the_state_bucket(aws, tmp_path):
    s3 = aws("s3")
    s3.create_bucket(Bucket="tf-state")
    assert state.check_state_bucket(s3, state.backend_settings(tmp_path), tmp_path)[0].status is Status.FAIL

    (tmp_path / "backend.hcl").write_text('bucket = "tf-state"\nregion = "us-east-1"\n')
    settings = state.backend_settings(tmp_path)
    [unversioned] = state.check_state_bucket(s3, settings, tmp_path)
    s3.put_bucket_versioning(Bucket="tf-state", VersioningConfiguration={"Status": "Enabled"})
    [versioned] = state.check_state_bucket(s3, settings, tmp_path)

    assert settings == {"bucket": "tf-state", "region": "us-east-1"}
    assert (unversioned.status, versioned.status) == (Status.WARN, Status.OK)


def test_a_state_bucket_that_is_not_there_fails_and_one_that_is_hidden_is_unknown(aws, tmp_path):
    client, settings = aws("s3"), {"bucket": "tf-state"}
    [missing] = state.check_state_bucket(client, settings, tmp_path)
    with Stubber(client) as stub:
        stub.add_client_error("head_bucket", "403", http_status_code=403)
        [hidden] = result_of(
            Check("State bucket", "s3:ListBucket", lambda: state.check_state_bucket(client, settings, tmp_path))
        )
    assert (missing.status, hidden.status) == (Status.FAIL, Status.UNKNOWN)


@pytest.mark.parametrize(
    ("printed", "expected"),
    [("Terraform v1.11.4", Status.OK), ("Terraform v1.9.0", Status.FAIL), ("what?", Status.FAIL)],
)
def test_terraforms_version(monkeypatch, printed, expected):
    monkeypatch.setattr(state.shutil, "which", lambda _: "/usr/bin/terraform")
    monkeypatch.setattr(state.subprocess, "run", lambda *_, **__: SimpleNamespace(stdout=printed))
    assert state.check_terraform().status is expected


def test_terraform_that_is_not_there(monkeypatch):
    monkeypatch.setattr(state.shutil, "which", lambda _: None)
    assert "Install it" in state.check_terraform().advice


def test_parts_that_are_gone_fail_and_are_named(aws):
    aws("glue").create_database(DatabaseInput={"Name": "processed"})

    def ask(name):
        return aws("glue").get_database(Name=name)

    assert parts.check_parts("Databases", ["processed"], ask).status is Status.OK
    gone = parts.check_parts("Databases", ["processed", "curated"], ask)
    assert (gone.status, gone.found) == (Status.FAIL, "missing: curated")


def test_alarms_that_nobody_gets_are_a_warning(aws):
    sns = aws("sns")
    outputs = SimpleNamespace(alerts_topic_arn=sns.create_topic(Name="alerts")["TopicArn"])
    nobody = parts.check_alerts(sns, outputs)
    sns.subscribe(TopicArn=outputs.alerts_topic_arn, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:q")
    somebody = parts.check_alerts(sns, outputs)
    assert (nobody.status, somebody.status) == (Status.WARN, Status.OK)


@pytest.mark.parametrize(
    ("application", "name", "asked"),
    [(None, "Glue jobs", ("glue", "etl")), ("00f1", "EMR Serverless application", ("emr-serverless", "00f1"))],
)
def test_what_runs_spark_is_a_part_of_the_lake(application, name, asked):
    seen = []
    answers = SimpleNamespace(
        get_job=lambda **given: seen.append(("glue", given["JobName"])),
        get_application=lambda **given: seen.append(("emr-serverless", given["applicationId"])),
    )
    outputs = SimpleNamespace(glue_jobs={"dataset_etl": "etl"}, emr_application_id=application)

    label, _action, named, ask = parts._jobs(lambda _service: answers, outputs)
    found = parts.check_parts(label, named, ask)

    assert (found.status, label, seen) == (Status.OK, name, [asked])
