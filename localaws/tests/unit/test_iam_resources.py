"""The resource that policies are held against, where MiniStack names another."""

import json

import pytest
from ministack.core import iam_actions

from localaws.extensions.iam import resources

GLUE = "arn:aws:glue:us-east-1:000000000000"


@pytest.mark.parametrize(
    ("operation", "members", "expected"),
    [
        ("GetTable", {"DatabaseName": "shop", "Name": "sales"}, f"{GLUE}:table/shop/sales"),
        ("UpdateTable", {"DatabaseName": "shop", "TableInput": {"Name": "sales"}}, f"{GLUE}:table/shop/sales"),
        ("GetPartitions", {"DatabaseName": "shop", "TableName": "sales"}, f"{GLUE}:table/shop/sales"),
        ("GetTables", {"DatabaseName": "shop"}, f"{GLUE}:table/shop/*"),
        ("GetDatabase", {"Name": "shop"}, f"{GLUE}:database/shop"),
        ("GetDatabases", {}, f"{GLUE}:catalog"),
    ],
)
def test_a_call_about_a_table_needs_the_right_on_the_table(monkeypatch, operation, members, expected):
    # Put back after the test: `install` replaces it for the process.
    monkeypatch.setattr(iam_actions, "extract_resource_arn", iam_actions.extract_resource_arn)
    monkeypatch.setattr(resources.sfn, "_apply_parameters", resources.sfn._apply_parameters)
    resources.install()

    headers = {"x-amz-target": f"AWSGlue.{operation}"}
    asked = iam_actions.extract_resource_arn(
        "glue", "POST", "/", headers, json.dumps(members).encode(), {}, "us-east-1", "000000000000"
    )

    assert asked == expected
