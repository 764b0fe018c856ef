from cartlake.aws import clients as aws
from cartlake.tables.catalog import file_properties, load_catalog


def test_the_environment_alone_decides_where_the_catalog_is(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    aws.client.cache_clear()

    catalog = load_catalog()
    aws.client.cache_clear()

    assert catalog.glue.meta.endpoint_url == "http://127.0.0.1:9"
    assert catalog.glue.meta.region_name == "eu-north-1"
    # Without it, pyiceberg asks the public S3 endpoint where each bucket lives.
    assert catalog.properties["client.region"] == "eu-north-1"


def test_files_are_reached_at_the_custom_endpoint_and_on_aws_where_they_are(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    aws.client.cache_clear()
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    on_aws = file_properties()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    elsewhere = file_properties()
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:8")

    assert "s3.endpoint" not in on_aws
    assert elsewhere["s3.endpoint"] == "http://127.0.0.1:9"
    assert file_properties()["s3.endpoint"] == "http://127.0.0.1:8"
    aws.client.cache_clear()
