"""What a reviewer reads of a plan: nothing that is lost, allowed or billed stays unsaid."""

import json

import pytest

from cartlake_cli.deployment.fixed_costs import monthly, monthly_change, resized
from cartlake_cli.deployment.plan_page import MOST_CHARACTERS, plan_page
from cartlake_cli.deployment.plans import Action, changes_of, read_plan
from cartlake_cli.deployment.rights import rights_changes, rights_of
from cartlake_cli.errors import CommandError


def resource(address, *actions, before=None, after=None, unknown=None, mode="managed"):
    kind = address.split(".")[-2]
    change = {"actions": list(actions), "before": before, "after": after, "after_unknown": unknown or {}}
    return {"address": address, "type": kind, "mode": mode, "change": change}


def policy(*statements, **more):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **more})


def allow(action, resource="arn:aws:s3:::b/*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


class TestReading:
    def test_each_kind_of_change_is_told(self):
        changes = changes_of(
            [
                resource("module.lake.aws_sqs_queue.a", "create", after={"name": "a"}),
                resource(
                    "module.lake.aws_sqs_queue.b", "update", before={"name": "b", "x": 1}, after={"name": "b", "x": 2}
                ),
                resource("module.lake.aws_sqs_queue.c", "delete", "create", before={}, after={}),
                resource("module.lake.aws_sqs_queue.d", "create", "delete", before={}, after={}),
                resource("module.lake.aws_sqs_queue.e", "delete", before={"name": "e"}),
                resource("module.lake.aws_sqs_queue.f", "no-op", before={}, after={}),
                resource("data.aws_iam_policy_document.g", "read", mode="data"),
                resource("module.lake.aws_sqs_queue.h", "forget", before={}),
            ]
        )

        assert [change.action for change in changes] == [
            Action.ADD, Action.CHANGE, Action.REPLACE, Action.REPLACE, Action.DESTROY, Action.FORGET
        ]  # fmt: skip
        assert changes[1].attributes == ["x"]

    def test_attributes_that_are_known_later_count_as_changed(self):
        [change] = changes_of(
            [resource("aws_lambda_alias.live", "update", before={"v": "1"}, after={}, unknown={"v": True, "tags": {}})]
        )

        assert change.attributes == ["v"]

    @pytest.mark.parametrize("text", ["", "[]", '{"resource_changes": []}', "null"])
    def test_a_file_that_is_no_plan_is_refused_with_the_command_that_writes_one(self, tmp_path, text):
        path = tmp_path / "plan.json"
        path.write_text(text)

        with pytest.raises(CommandError, match="terraform show -json"):
            read_plan(path)

    def test_another_format_is_refused(self, tmp_path):
        path = tmp_path / "plan.json"
        path.write_text('{"format_version": "2.0"}')

        with pytest.raises(CommandError, match=r"format 2\.0"):
            read_plan(path)


class TestRights:
    def test_actions_and_resources_are_told_one_by_one(self):
        rights = [str(right) for right in rights_of(policy(allow(["s3:GetObject", "s3:PutObject"], ["a", "b"])))]

        assert rights == [
            "Allow s3:GetObject on a", "Allow s3:GetObject on b", "Allow s3:PutObject on a", "Allow s3:PutObject on b"
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("statement", "text"),
        [
            ({"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}, "Deny all but s3:* on *"),
            (allow("sts:AssumeRole", [], Principal={"Service": "glue.amazonaws.com"}), "to Service:glue.amazonaws.com"),
            (allow("kms:*", "*", Principal="*"), "Allow kms:* on * to *"),
            (allow("s3:GetObject", "b", Condition={"Bool": {"aws:SecureTransport": "true"}}), 'if {"Bool"'),
        ],
    )
    def test_every_part_of_a_statement_is_told(self, statement, text):
        [right] = rights_of(policy(statement))

        assert text in str(right)

    def test_only_what_differs_is_a_change(self):
        before, after = policy(allow("s3:GetObject")), policy(allow(["s3:DeleteObject", "s3:GetObject"]))
        [change] = rights_changes(
            changes_of(
                [
                    resource("aws_iam_role_policy.a", "update", before={"policy": before}, after={"policy": after}),
                    resource(
                        "aws_iam_role_policy.same",
                        "update",
                        before={"policy": policy(allow(["a", "b"])), "name": "x"},
                        after={"policy": policy(allow(["b", "a"])), "name": "y"},
                    ),
                ]
            )
        )

        assert [str(right) for right in change.added] == ["Allow s3:DeleteObject on arn:aws:s3:::b/*"]
        assert change.removed == []

    def test_who_may_assume_a_role_is_a_right(self):
        trust = policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::1:root"}})
        [change] = rights_changes(
            changes_of([resource("aws_iam_role.a", "create", after={"assume_role_policy": trust})])
        )

        assert "AWS:arn:aws:iam::1:root" in str(change.added[0])

    def test_a_policy_that_is_known_later_is_named(self):
        [change] = rights_changes(
            changes_of([resource("aws_iam_role_policy.a", "create", after={}, unknown={"policy": True})])
        )

        assert change.undecided


class TestCosts:
    @pytest.mark.parametrize(
        ("kind", "attributes", "usd"),
        [
            ("aws_cloudwatch_metric_alarm", {}, 0.10),
            ("aws_cloudwatch_metric_alarm", {"metric_query": [{"metric": [1]}, {"metric": [1]}, {"metric": []}]}, 0.20),
            ("aws_vpc_endpoint", {"vpc_endpoint_type": "Interface", "subnet_ids": ["a", "b"]}, 14.60),
            ("aws_vpc_endpoint", {"vpc_endpoint_type": "Gateway"}, 0),
            ("aws_kms_key", {}, 1.00),
            ("aws_sqs_queue", {}, 0),
        ],
    )
    def test_what_a_resource_costs_while_nothing_happens(self, kind, attributes, usd):
        assert monthly(kind, attributes) == pytest.approx(usd)

    def test_a_plan_adds_and_takes_away(self):
        changes = changes_of(
            [
                resource("aws_kms_key.a", "create", after={"x": 1}),
                resource("aws_cloudwatch_metric_alarm.b", "delete", before={"x": 1}),
                resource("aws_cloudwatch_metric_alarm.c", "update", before={"x": 1}, after={"x": 2}),
            ]
        )

        assert monthly_change(changes) == pytest.approx(0.90)

    def test_what_makes_each_use_dearer_is_told(self):
        changes = changes_of(
            [resource("aws_lambda_function.a", "update", before={"memory_size": 512}, after={"memory_size": 1024})]
        )

        [change] = resized(changes)
        assert (change.attribute, change.before, change.after) == ("memory_size", 512, 1024)


class TestPage:
    def test_a_plan_without_changes_says_so(self):
        page = plan_page("dev", [])

        assert page.startswith("<!-- cartlake-plan:dev -->\n## Plan for `dev`: no changes\n")

    def test_what_loses_data_stands_first(self):
        changes = changes_of(
            [
                resource("module.lake.aws_s3_bucket.this", "delete", before={"bucket": "b"}),
                resource("module.lake.aws_sqs_queue.a", "create", after={"name": "a"}),
            ]
        )
        page = plan_page("prod", changes)

        assert page.index("[!CAUTION]") < page.index("<details>")
        assert "`module.lake.aws_s3_bucket.this` holds data and will be destroyed." in page
        assert "1 to add, 1 to destroy" in page

    def test_contracts_are_shown_with_what_reads_them_and_what_is_wrong(self):
        row = {"contract": "orders", "place": "a|b", "change": "removed", "breaks": "readers", "read by": None}
        page = plan_page("dev", [], {"since": "main", "changes": [row], "faults": ["orders: raise the major version"]})

        assert "| orders | a\\|b | removed | readers |  |" in page
        assert "raise the major version" in page

    def test_a_page_that_github_refuses_is_cut(self):
        many = [resource(f"module.lake.aws_sqs_queue.{'q' * 60}{number}", "create", after={}) for number in range(2000)]
        page = plan_page("dev", changes_of(many))

        assert MOST_CHARACTERS < len(page) + 200 < 65_536
        assert page.endswith("too long for a comment.\n")
