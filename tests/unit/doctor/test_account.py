"""Each check of an account: what it says of one that is ready, of one that is not, and of one that cannot be asked."""

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError
from botocore.stub import Stubber

from cartlake_cli.doctor import account
from cartlake_cli.doctor.findings import Check, Status, result_of

DPUS, RUNS, QUERIES = account.QUOTAS
CALLER = {"Arn": "arn:aws:sts::123456789012:assumed-role/dev/me", "Account": "123456789012", "UserId": "A:me"}


@pytest.fixture
def stubbed(monkeypatch):
    """A client of a service that gives these answers, or raises these errors by their code."""

    def make(service, *answers):
        client = boto3.client(
            service, region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        stub = Stubber(client)
        for operation, answer in answers:
            if isinstance(answer, str):
                stub.add_client_error(operation, answer)
            else:
                stub.add_response(operation, answer)
        stub.activate()
        return client

    return make


def status(check, *arguments):
    found = result_of(Check("it", "some:Action", lambda: check(*arguments)))
    return found[0].status, found[0].found, found[0].advice


def only(check):
    return lambda *arguments: [check(*arguments)]


def test_credentials_say_who_calls(stubbed):
    found = account.check_credentials(stubbed("sts", ("get_caller_identity", CALLER)))
    assert (found.status, found.found) == (Status.OK, f"{CALLER['Arn']} in account 123456789012")


def test_the_root_user_is_a_warning(stubbed):
    root = CALLER | {"Arn": "arn:aws:iam::123456789012:root"}
    assert account.check_credentials(stubbed("sts", ("get_caller_identity", root))).status is Status.WARN


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId"])
def test_credentials_that_are_not_valid_fail_with_how_to_log_in(stubbed, code):
    found = account.check_credentials(stubbed("sts", ("get_caller_identity", code)))
    assert (found.status, code in found.found, "aws sso login" in found.advice) == (Status.FAIL, True, True)


def test_no_credentials_at_all_fail_with_how_to_log_in():
    class Nobody:
        def get_caller_identity(self):
            raise NoCredentialsError

    found = account.check_credentials(Nobody())
    assert (found.status, "aws sso login" in found.advice) == (Status.FAIL, True)


def test_no_network_fails():
    class Unreachable:
        def get_caller_identity(self):
            raise EndpointConnectionError(endpoint_url="https://sts.eu-central-1.amazonaws.com/")

    assert account.check_credentials(Unreachable()).status is Status.FAIL


@pytest.mark.parametrize(("region", "expected"), [("eu-central-1", Status.OK), (None, Status.FAIL), ("", Status.FAIL)])
def test_a_region_is_needed(region, expected):
    assert account.check_region(region).status is expected


@pytest.mark.parametrize(
    ("total", "unreserved", "expected"),
    [
        (1000, 900, Status.OK),
        (100, 100, Status.OK),
        (1000, 99, Status.WARN),
        (10, 10, Status.WARN),
        (10, 9, Status.FAIL),
    ],
)
def test_concurrency_of_functions(stubbed, total, unreserved, expected):
    limit = {"AccountLimit": {"ConcurrentExecutions": total, "UnreservedConcurrentExecutions": unreserved}}
    found = account.check_concurrency(stubbed("lambda", ("get_account_settings", limit)))
    assert found.status is expected
    assert ("L-B99A9384" in found.advice) is (expected is not Status.OK)


@pytest.mark.parametrize(
    ("quota", "name", "value", "expected"),
    [
        (DPUS, "Max task dpus", 300.0, Status.OK),
        (DPUS, "Max task DPUs per account", 10.0, Status.WARN),
        (DPUS, "Max task dpus per account", 3.0, Status.FAIL),
        (RUNS, "Max concurrent job runs per account", 50.0, Status.OK),
        (RUNS, "Max concurrent job runs per account", 1.0, Status.FAIL),
        (QUERIES, "Active DML queries", 200.0, Status.OK),
        (QUERIES, "Active DML queries", 10.0, Status.WARN),
    ],
)
def test_quotas(stubbed, quota, name, value, expected):
    others = [{"QuotaName": "Max jobs per account", "Value": 0.0}, {"QuotaName": "Active DDL queries", "Value": 0.0}]
    listed = {"Quotas": [*others, {"QuotaName": name, "Value": value}]}
    found = account.check_quota(stubbed("service-quotas", ("list_service_quotas", listed)), quota)
    assert found.status is expected
    assert bool(found.advice) is (expected is not Status.OK)


def test_a_quota_that_aws_does_not_list_is_unknown(stubbed):
    client = stubbed("service-quotas", ("list_service_quotas", {"Quotas": []}))
    assert status(only(account.check_quota), client, DPUS)[0] is Status.UNKNOWN


def defaults(databases, tables):
    def grants(principals):
        return [{"Principal": {"DataLakePrincipalIdentifier": one}, "Permissions": ["ALL"]} for one in principals]

    return {
        "DataLakeSettings": {
            "CreateDatabaseDefaultPermissions": grants(databases),
            "CreateTableDefaultPermissions": grants(tables),
        }
    }


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (defaults(["IAM_ALLOWED_PRINCIPALS"], ["IAM_ALLOWED_PRINCIPALS"]), [Status.OK, Status.OK]),
        (defaults(["IAM_ALLOWED_PRINCIPALS"], []), [Status.OK, Status.WARN]),
        (defaults([], ["arn:aws:iam::123456789012:role/admin"]), [Status.WARN, Status.WARN]),
    ],
)
def test_lake_formation_defaults(stubbed, answer, expected):
    client = stubbed("lakeformation", ("get_data_lake_settings", answer))
    found = account.check_lake_formation(client)
    assert [one.status for one in found] == expected
    assert all(one.advice for one in found if one.status is Status.WARN)


def encrypted(**at_rest):
    return {"DataCatalogEncryptionSettings": {"EncryptionAtRest": at_rest}}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (encrypted(CatalogEncryptionMode="DISABLED"), Status.OK),
        (encrypted(CatalogEncryptionMode="SSE-KMS", SseAwsKmsKeyId="alias/aws/glue"), Status.OK),
        (encrypted(CatalogEncryptionMode="SSE-KMS", SseAwsKmsKeyId="arn:aws:kms:eu-central-1:1:key/2"), Status.WARN),
    ],
)
def test_catalog_encryption(stubbed, answer, expected):
    found = account.check_catalog_encryption(stubbed("glue", ("get_data_catalog_encryption_settings", answer)))
    assert found.status is expected


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "403"])
@pytest.mark.parametrize(
    ("service", "operation", "check"),
    [
        ("lambda", "get_account_settings", only(account.check_concurrency)),
        ("lakeformation", "get_data_lake_settings", account.check_lake_formation),
        ("glue", "get_data_catalog_encryption_settings", only(account.check_catalog_encryption)),
    ],
)
def test_what_the_caller_may_not_ask_is_unknown_and_names_the_action(stubbed, service, operation, check, code):
    found, _, advice = status(check, stubbed(service, (operation, code)))
    assert (found, "some:Action" in advice) == (Status.UNKNOWN, True)


def test_a_service_that_the_endpoint_does_not_have_is_unknown_and_never_ok(stubbed):
    empty = stubbed("lakeformation", ("get_data_lake_settings", {}))
    unsupported = stubbed("glue", ("get_data_catalog_encryption_settings", "UnknownOperationException"))
    assert status(account.check_lake_formation, empty)[0] is Status.UNKNOWN
    assert status(only(account.check_catalog_encryption), unsupported)[0] is Status.UNKNOWN


def test_without_credentials_every_other_check_is_unknown_with_how_to_log_in():
    def nobody(_):
        raise NoCredentialsError

    found = [one for check in account.checks(nobody, "eu-central-1") for one in result_of(check)]
    assert {one.status for one in found if one.check != "Region"} == {Status.UNKNOWN}
    assert all("aws sso login" in one.advice for one in found if one.check != "Region")
    assert len(found) >= 7
