"""What was deployed can be taken down."""

import pytest

from cartlake_cli.commands.local.up import destroy

pytestmark = [pytest.mark.e2e, pytest.mark.destroys]


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
