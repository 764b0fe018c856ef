import boto3
import pytest
from moto import mock_aws

from cartlake.aws import clients, s3
from cartlake.aws.objects import Head, InvalidUriError, S3Uri
from cartlake.aws.s3 import DocumentError, ObjectMissingError
from cartlake.runs.documents import RowCounts

ROWS = RowCounts(read=1, published=1, quarantined=0, duplicate=0)


@pytest.fixture
def bucket(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        clients.client.cache_clear()
        client = boto3.client("s3")
        client.create_bucket(Bucket="artifacts")
        client.put_bucket_versioning(Bucket="artifacts", VersioningConfiguration={"Status": "Enabled"})
        yield client
    clients.client.cache_clear()


@pytest.mark.parametrize(
    "uri", ["s3://bucket", "s3://bucket/", "s3:///key", "https://bucket/key", "bucket/key", "", "s3://bucket//"]
)
def test_a_text_that_names_no_object_is_refused(uri):
    with pytest.raises(InvalidUriError, match="is not an s3://bucket/key URI"):
        S3Uri.parse(uri)


@pytest.mark.parametrize("key", ["a b%20c?d#e.csv", "a//b", "s3://x", "ü/é.csv"])
def test_keys_are_taken_as_they_are(key):
    assert S3Uri.parse(f"s3://raw/{key}") == S3Uri("raw", key)
    assert str(S3Uri("raw", key)) == f"s3://raw/{key}"


def test_a_document_comes_back_as_it_was_written(bucket):
    s3.write_text("s3://artifacts/a.json", ROWS.model_dump_json())

    assert s3.read_model("s3://artifacts/a.json", RowCounts) == ROWS
    assert bucket.get_object(Bucket="artifacts", Key="a.json")["ContentType"] == "application/json"


def test_a_document_that_is_missing_is_none_or_an_error_that_names_it(bucket):
    assert s3.find_model("s3://artifacts/b.json", RowCounts) is None
    with pytest.raises(DocumentError, match=r"s3://artifacts/b\.json does not exist"):
        s3.read_model("s3://artifacts/b.json", RowCounts)
    with pytest.raises(ObjectMissingError):
        s3.read_bytes("s3://artifacts/b.json")


def test_a_document_of_another_kind_is_refused(bucket):
    s3.write_text("s3://artifacts/a.json", '{"read": -1}')

    with pytest.raises(DocumentError, match="is not a valid RowCounts"):
        s3.find_model("s3://artifacts/a.json", RowCounts)


def test_a_head_has_the_version_the_etag_and_the_size(bucket):
    first = bucket.put_object(Bucket="artifacts", Key="a", Body=b"old")
    second = bucket.put_object(Bucket="artifacts", Key="a", Body=b"newer")
    place = S3Uri("artifacts", "a")

    assert s3.head(place) == Head(second["VersionId"], second["ETag"].strip('"'), 5)
    assert s3.head(place, first["VersionId"]).size == 3
    assert s3.head(S3Uri("artifacts", "b")) is None


def test_the_very_version_that_is_named_is_copied(bucket):
    first = bucket.put_object(Bucket="artifacts", Key="a", Body=b"old")
    bucket.put_object(Bucket="artifacts", Key="a", Body=b"newer")
    source, target = S3Uri("artifacts", "a"), S3Uri("artifacts", "copy")

    assert s3.copy_version(source, first["VersionId"], target)
    assert s3.read_bytes(str(target)) == b"old"
    assert s3.copy_version(source, None, target)
    assert s3.read_bytes(str(target)) == b"newer"
    assert not s3.copy_version(S3Uri("artifacts", "gone"), None, target)


def test_a_copy_needs_no_right_to_tags(bucket):
    """CopyObject copies tags unless it is told not to, and S3 then asks for rights to them."""
    place = {"Bucket": "artifacts", "Key": "tagged.csv"}
    bucket.put_object(**place, Body=b"1", Tagging="team=shop")

    assert s3.copy_version(S3Uri("artifacts", "tagged.csv"), None, S3Uri("artifacts", "copy.csv"))

    assert bucket.get_object_tagging(Bucket="artifacts", Key="copy.csv")["TagSet"] == []
