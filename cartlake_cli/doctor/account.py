"""Checks of an account and region: credentials, quotas, Lake Formation, and the encryption of the catalog."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from cartlake.aws.clients import error_code
from cartlake_cli.doctor.findings import EXPIRED, LOG_IN, Check, Finding, Status, ok

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LAMBDA_LEAST, LAMBDA_ENOUGH = 10, 100
"""Functions at once: with fewer than the first AWS reserves none; with fewer than the second a burst of files waits."""

EVERYBODY: Final = "IAM_ALLOWED_PRINCIPALS"
"""The group of Lake Formation for which IAM alone decides."""


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota of Service Quotas by its name there: `least` the lake cannot work with, `enough` it needs to be fast."""

    check: str
    service: str
    name: re.Pattern[str]
    least: int
    enough: int
    meaning: str


QUOTAS: Final = (
    Quota(
        "Glue DPUs at once",
        "glue",
        re.compile(r"max task dpus( per account)?$", re.IGNORECASE),
        4,
        20,
        "a job uses 2 to 10 DPUs",
    ),
    Quota(
        "Glue job runs at once",
        "glue",
        re.compile(r"max concurrent job runs per account$", re.IGNORECASE),
        2,
        15,
        "each dataset, the refresh and maintenance may run a job",
    ),
    Quota(
        "Athena queries at once",
        "athena",
        re.compile(r"active dml queries$", re.IGNORECASE),
        5,
        20,
        "more queries than this are refused",
    ),
)


def checks(client: Callable[[str], Any], region: str | None) -> Iterator[Check]:
    """Yield the checks of an account, which may be made before anything is deployed."""
    yield Check("Region", "none", lambda: [check_region(region)])
    yield Check("Lambda concurrency", "lambda:GetAccountSettings", lambda: [check_concurrency(client("lambda"))])
    for quota in QUOTAS:
        yield _quota_check(client, quota)
    yield Check(
        "Lake Formation defaults",
        "lakeformation:GetDataLakeSettings",
        lambda: check_lake_formation(client("lakeformation")),
    )
    yield Check(
        "Catalog encryption",
        "glue:GetDataCatalogEncryptionSettings",
        lambda: [check_catalog_encryption(client("glue"))],
    )


def _quota_check(client: Callable[[str], Any], quota: Quota) -> Check:
    return Check(quota.check, "servicequotas:ListServiceQuotas", lambda: [check_quota(client("service-quotas"), quota)])


def check_credentials(sts: Any) -> Finding:
    """Return who calls; FAIL without credentials, or with some that are not valid."""
    try:
        caller = sts.get_caller_identity()
    except ClientError as error:
        advice = LOG_IN if error_code(error) in EXPIRED else "Ask AWS support, or whoever manages the account."
        return Finding("Credentials", Status.FAIL, f"AWS does not accept them: {error_code(error)}", advice)
    except BotoCoreError as error:
        return Finding("Credentials", Status.FAIL, str(error).partition("\n")[0], LOG_IN)
    if caller["Arn"].endswith(":root") and caller["Account"] != "000000000000":
        advice = "Use a role or an IAM Identity Center user: nothing limits what the root user does."
        return Finding("Credentials", Status.WARN, f"the root user of {caller['Account']}", advice)
    return ok("Credentials", f"{caller['Arn']} in account {caller['Account']}")


def check_region(region: str | None) -> Finding:
    """FAIL without a region: Terraform and every client need one."""
    if not region:
        return Finding("Region", Status.FAIL, "none is set", "Set AWS_REGION, for example to eu-central-1.")
    return ok("Region", region)


def check_concurrency(functions: Any) -> Finding:
    """Return how many functions of the account may run at once."""
    limit = functions.get_account_settings()["AccountLimit"]
    total, unreserved = int(limit["ConcurrentExecutions"]), int(limit["UnreservedConcurrentExecutions"])
    found = f"{total} functions at once, {unreserved} of them not reserved"
    ask = (
        "Ask for 1,000 (free, a day or two): `aws service-quotas request-service-quota-increase --service-code lambda "
        "--quota-code L-B99A9384 --desired-value 1000`."
    )
    if unreserved < LAMBDA_LEAST:
        return Finding("Lambda concurrency", Status.FAIL, found, f"The lake's functions would be throttled. {ask}")
    if unreserved < LAMBDA_ENOUGH:
        return Finding("Lambda concurrency", Status.WARN, found, f"Enough for single files; bursts wait. {ask}")
    return ok("Lambda concurrency", found)


def check_quota(quotas: Any, quota: Quota) -> Finding:
    """Compare one quota of the account with what the lake needs. Raises KeyError where AWS does not list it."""
    listed = quotas.get_paginator("list_service_quotas").paginate(ServiceCode=quota.service)
    values = [one["Value"] for page in listed for one in page["Quotas"] if quota.name.search(one["QuotaName"])]
    if not values:
        raise KeyError(quota.name.pattern)
    value = int(values[0])
    ask = f"Ask for more in the console of Service Quotas, service {quota.service}: {quota.meaning}."
    if value < quota.least:
        return Finding(quota.check, Status.FAIL, f"{value:,}, and the lake needs {quota.least}", ask)
    if value < quota.enough:
        return Finding(quota.check, Status.WARN, f"{value:,}, and {quota.enough} are better", ask)
    return ok(quota.check, f"{value:,}")


def check_lake_formation(lake_formation: Any) -> list[Finding]:
    """WARN where Lake Formation, and not IAM, decides about new databases and tables."""
    settings = lake_formation.get_data_lake_settings()["DataLakeSettings"]
    found = []
    for member, what in (
        ("CreateDatabaseDefaultPermissions", "databases"),
        ("CreateTableDefaultPermissions", "tables"),
    ):
        name = f"Lake Formation defaults, {what}"
        if any(one["Principal"]["DataLakePrincipalIdentifier"] == EVERYBODY for one in settings[member]):
            found.append(ok(name, "IAM decides"))
            continue
        advice = (
            "The lake's roles have no rights in Lake Formation. Before the apply, tick 'Use only IAM access control "
            f"for new {what}' in its settings; or grant the roles of the lake ALL on its databases afterwards."
        )
        found.append(Finding(name, Status.WARN, f"Lake Formation decides about new {what}", advice))
    return found


def check_catalog_encryption(glue: Any) -> Finding:
    """WARN where the catalog is encrypted with a key that the lake's roles may not use, or its passwords are not."""
    settings = glue.get_data_catalog_encryption_settings()["DataCatalogEncryptionSettings"]
    at_rest = settings["EncryptionAtRest"]
    mode, key = at_rest["CatalogEncryptionMode"], at_rest.get("SseAwsKmsKeyId", "")
    if mode == "DISABLED":
        return ok("Catalog encryption", "metadata is encrypted by AWS, with no key of the account")
    if key in ("", "alias/aws/glue"):
        return ok("Catalog encryption", f"{mode}, with the key of Glue")
    advice = (
        f"Every role of the lake that reads the catalog needs kms:Decrypt and kms:GenerateDataKey on {key}: add them "
        "to the key's policy before the apply, or jobs and functions fail with AccessDeniedException."
    )
    return Finding("Catalog encryption", Status.WARN, f"{mode}, with {key}", advice)
