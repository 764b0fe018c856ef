"""Checks of names that an apply would take: whether something else has them. Terraform's plan says which they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from cartlake.aws.clients import error_code
from cartlake_cli.deployment.plans import Action, changes_of
from cartlake_cli.doctor.findings import Check, Finding, Status, ok

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

MISSING: Final = frozenset({"404", "NoSuchBucket", "EntityNotFoundException", "ResourceNotFoundException", "NotFound"})
REDIRECTED: Final = frozenset({"301", "PermanentRedirect"})

TAKEN: Final = {
    "aws_s3_bucket": "bucket",
    "aws_glue_catalog_database": "name",
    "aws_dynamodb_table": "name",
}
"""Types of resources whose names are checked, and the attribute that has the name."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names that an apply would create, by type of resource."""

    by_type: Mapping[str, Sequence[str]]

    def of(self, kind: str) -> Sequence[str]:
        """Return the names of one type of resource."""
        return self.by_type.get(kind, ())


def planned_names(plan: Mapping[str, Any]) -> Names:
    """Return the names that a plan, as `terraform show -json` prints it, would create."""
    found: dict[str, list[str]] = {kind: [] for kind in TAKEN}
    for change in changes_of(plan.get("resource_changes", [])):
        if change.type in TAKEN and change.action is Action.ADD and (name := change.after.get(TAKEN[change.type])):
            found[change.type].append(name)
    return Names(found)


def checks(client: Callable[[str], Any], names: Names) -> Iterator[Check]:
    """Yield a check for each type of resource whose names are taken."""
    yield Check("Bucket names", "s3:ListBucket", lambda: check_buckets(client("s3"), names.of("aws_s3_bucket")))
    yield Check(
        "Database names",
        "glue:GetDatabase",
        lambda: check_databases(client("glue"), names.of("aws_glue_catalog_database")),
    )
    yield Check(
        "DynamoDB table names",
        "dynamodb:DescribeTable",
        lambda: check_tables(client("dynamodb"), names.of("aws_dynamodb_table")),
    )


def check_buckets(s3: Any, names: Sequence[str]) -> list[Finding]:
    """FAIL for buckets that exist: names of buckets are one space for all accounts."""
    taken = []
    for name in names:
        try:
            s3.head_bucket(Bucket=name)
            taken.append(f"{name} (in this account)")
        except ClientError as error:
            code = error_code(error)
            if code in MISSING:
                continue
            # S3 answers 403 for buckets of other accounts, and of this one where the caller may not see them.
            taken.append(f"{name} ({'in another region' if code in REDIRECTED else 'of another account, or hidden'})")
    return [_taken("Bucket names", names, taken, "set `project` of the environment to a name of your own")]


def check_databases(glue: Any, names: Sequence[str]) -> list[Finding]:
    """FAIL for databases that exist: those of another lake in this account and region."""
    taken = [name for name in names if _exists(lambda name=name: glue.get_database(Name=name))]  # type: ignore[misc]
    advice = "another lake has them: set `database_prefix` of the environment"
    return [_taken("Database names", names, taken, advice)]


def check_tables(dynamodb: Any, names: Sequence[str]) -> list[Finding]:
    """FAIL for DynamoDB tables that exist."""
    taken = [name for name in names if _exists(lambda name=name: dynamodb.describe_table(TableName=name))]  # type: ignore[misc]
    return [_taken("DynamoDB table names", names, taken, "set `project` of the environment to a name of your own")]


def _exists(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except ClientError as error:
        if error_code(error) in MISSING:
            return False
        raise
    return True


def _taken(check: str, names: Sequence[str], taken: Sequence[str], advice: str) -> Finding:
    if not names:
        return ok(check, "the next apply takes no new one")
    if not taken:
        return ok(check, f"all {len(names)} are free")
    return Finding(
        check,
        Status.FAIL,
        f"taken: {', '.join(taken)}",
        f"The apply would fail. If they are left from this lake, `terraform import` them; else {advice}.",
    )
