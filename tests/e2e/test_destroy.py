"""What was deployed can be taken down, but by no single command where it is protected."""

import pytest

from cartlake_cli.commands.local.up import PARALLEL, destroy, terraform
from cartlake_cli.context import Lake
from cartlake_cli.errors import CommandError

pytestmark = [pytest.mark.e2e, pytest.mark.destroys]

PROTECTED = "-var=deletion_protection=true"
GUARDS = "module.lake.module.protection"


@pytest.fixture
def protected(lake):
    """The lake, protected as staging and prod are; free to be destroyed afterwards."""
    terraform(lake, "apply", "-auto-approve", PROTECTED, f"-target={GUARDS}", PARALLEL)
    yield lake
    # As docs/terraform.md says, but only what the protection has changed.
    terraform(lake, "state", "rm", GUARDS)
    changed = ("-target=module.lake.module.platform.aws_dynamodb_table.ledger", "-target=module.lake.module.storage")
    terraform(lake, "apply", "-auto-approve", *changed, PARALLEL)


def whats_there(lake: Lake) -> set[str]:
    """Return the names of the keys that are enabled, and of all buckets, databases, tables, functions and machines."""
    kms, glue = lake.client("kms"), lake.client("glue")
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    databases = [database["Name"] for database in glue.get_databases()["DatabaseList"]]
    return {
        *(key["Arn"] for key in keys if key["KeyState"] == "Enabled"),
        *(bucket["Name"] for bucket in lake.client("s3").list_buckets()["Buckets"]),
        *(f"{one}.{table['Name']}" for one in databases for table in glue.get_tables(DatabaseName=one)["TableList"]),
        *lake.client("dynamodb").list_tables()["TableNames"],
        *(one["FunctionName"] for one in lake.client("lambda").list_functions()["Functions"]),
        *(one["name"] for one in lake.client("stepfunctions").list_state_machines()["stateMachines"]),
    }


def test_a_protected_lake_is_not_destroyed(protected):
    before = whats_there(protected)

    with pytest.raises(CommandError, match="Instance cannot be destroyed") as refused:
        terraform(protected, "destroy", "-auto-approve", "-refresh=false", PROTECTED, PARALLEL)

    assert whats_there(protected) == before
    for thing in ("key", "ledger", "bucket raw", "bucket curated", "database processed", "database ops"):
        assert f'prevents_destroy["{thing}"]' in " ".join(str(refused.value).split())


def test_destroy_leaves_nothing(lake):
    destroy(lake)

    assert lake.client("s3").list_buckets()["Buckets"] == []
    assert lake.client("dynamodb").list_tables()["TableNames"] == []
    assert lake.client("lambda").list_functions()["Functions"] == []
    assert lake.client("lambda").list_layers()["Layers"] == []
    assert lake.client("stepfunctions").list_state_machines()["stateMachines"] == []
    assert lake.client("glue").get_jobs()["Jobs"] == []
    assert {one["Name"] for one in lake.client("glue").get_databases()["DatabaseList"]} <= {"default"}
    assert [role for role in lake.client("iam").list_roles()["Roles"] if role["Path"] == "/"] == []
