"""The evaluation logic, on the cases that AWS documents."""

import pytest

from localaws.iam_policies.documents import statements
from localaws.iam_policies.errors import PolicyError
from localaws.iam_policies.evaluation import Grant, Policies, Request, decide
from localaws.iam_policies.principals import Caller, session_of

ACCOUNT = "111122223333"
OTHER_ACCOUNT = "444455556666"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/loader"
SESSION = session_of(ROLE, "run-1")
OBJECT = "arn:aws:s3:::lake/incoming/a.csv"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k-1"
TO_ACCOUNT = {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
TO_ROLE = {"Principal": {"AWS": ROLE}}
TO_EVENTS = {"Service": "events.amazonaws.com"}


def policy(*listed, version="2012-10-17"):
    return statements({"Version": version, "Statement": list(listed)})


def allow(action="s3:GetObject", on="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": on, **more}


def deny(action="s3:GetObject", on="*", **more):
    return {**allow(action, on, **more), "Effect": "Deny"}


def request(caller=SESSION, action="s3:GetObject", on=OBJECT, context=None, account=""):
    return Request(caller, action, on, context or {}, account)


def allows(asked, *identity, boundary=None, resource=None, grants=()):
    layers = [None if layer is None else policy(*layer) for layer in (boundary, resource)]
    return decide(asked, Policies(policy(*identity), *layers, grants)).allowed


class TestOneAccount:
    def test_nothing_is_allowed_by_default(self):
        assert not allows(request())

    def test_an_allow_of_the_identity_is_enough(self):
        assert allows(request(), allow())

    def test_an_explicit_deny_wins_over_any_allow(self):
        assert not allows(request(), allow(), deny())
        assert not allows(request(), allow(), boundary=[allow(), deny()])
        assert not allows(request(), allow(), resource=[deny(**TO_ROLE)])

    def test_a_deny_of_the_resource_is_only_for_whom_it_names(self):
        assert allows(request(), allow(), resource=[deny(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"})])

    def test_an_allow_of_the_resource_is_enough_when_it_names_the_role(self):
        assert allows(request(), resource=[allow(**TO_ROLE)])
        assert allows(request(), resource=[allow(Principal="*")])

    def test_an_allow_for_the_account_leaves_it_to_the_identity(self):
        assert not allows(request(), resource=[allow(**TO_ACCOUNT)])
        assert allows(request(), allow(), resource=[allow(**TO_ACCOUNT)])

    def test_the_root_of_the_account_may_do_all_that_is_not_denied(self):
        root = Caller(f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)

        assert allows(request(root))
        assert not allows(request(root), resource=[deny(Principal="*")])

    def test_not_principal_is_everybody_else(self):
        for_others = deny(NotPrincipal={"AWS": ROLE})

        assert allows(request(), allow(), resource=[for_others])
        assert not allows(request(session_of(f"arn:aws:iam::{ACCOUNT}:role/x")), allow(), resource=[for_others])

    def test_a_role_with_a_path_is_named_by_its_whole_arn(self):
        with_path = f"arn:aws:iam::{ACCOUNT}:role/lake/loader"

        assert allows(request(session_of(with_path)), resource=[allow(Principal={"AWS": with_path})])


class TestBoundary:
    def test_it_limits_what_the_identity_may(self):
        assert not allows(request(), allow(), boundary=[allow("s3:PutObject")])
        assert allows(request(), allow(), boundary=[allow("s3:*")])

    def test_it_allows_nothing_by_itself(self):
        assert not allows(request(), boundary=[allow()])

    def test_it_limits_an_allow_of_the_resource_for_the_role_but_not_for_its_session(self):
        assert not allows(request(), boundary=[allow("s3:PutObject")], resource=[allow(**TO_ROLE)])
        assert allows(request(), boundary=[allow("s3:PutObject")], resource=[allow(Principal={"AWS": SESSION.name})])


class TestAcrossAccounts:
    def foreign(self):
        return request(account=OTHER_ACCOUNT)

    @pytest.mark.parametrize("principal", [TO_ROLE, TO_ACCOUNT, {"Principal": "*"}])
    def test_both_sides_must_allow(self, principal):
        assert allows(self.foreign(), allow(), resource=[allow(**principal)])
        assert not allows(self.foreign(), resource=[allow(**principal)])
        assert not allows(self.foreign(), allow())

    def test_the_account_in_the_arn_counts(self):
        queue = f"arn:aws:sqs:us-east-1:{OTHER_ACCOUNT}:files"

        assert not allows(request(action="sqs:SendMessage", on=queue), allow("sqs:*"))

    def test_a_boundary_limits_the_identity(self):
        assert not allows(self.foreign(), allow(), boundary=[allow("s3:PutObject")], resource=[allow(**TO_ROLE)])


class TestKmsKeys:
    decrypt = request(action="kms:Decrypt", on=KEY, context={"kms:viaservice": "s3.us-east-1.amazonaws.com"})

    def test_a_key_policy_that_names_the_account_delegates_to_identities(self):
        assert allows(self.decrypt, allow("kms:Decrypt", KEY), resource=[allow("kms:*", **TO_ACCOUNT)])
        assert not allows(self.decrypt, resource=[allow("kms:*", **TO_ACCOUNT)])

    def test_without_that_the_identity_alone_is_not_enough(self):
        assert not allows(self.decrypt, allow("kms:*"), resource=[])
        assert not allows(self.decrypt, allow("kms:*"))

    def test_a_key_policy_that_names_the_role_is_enough(self):
        assert allows(self.decrypt, resource=[allow("kms:Decrypt", **TO_ROLE)])

    def test_not_even_root_uses_a_key_whose_policy_does_not_name_it(self):
        root = request(Caller(f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT), "kms:Decrypt", KEY)

        assert not allows(root, resource=[allow("kms:*", **TO_ROLE)])
        assert allows(root, resource=[allow("kms:*", **TO_ACCOUNT)])

    @pytest.mark.parametrize(("service", "expected"), [("s3", True), ("sqs", False)])
    def test_the_service_that_uses_the_key_for_the_caller(self, service, expected):
        condition = {"StringEquals": {"kms:ViaService": f"{service}.us-east-1.amazonaws.com"}}

        assert (
            allows(self.decrypt, allow("kms:*", KEY, Condition=condition), resource=[allow("kms:*", **TO_ACCOUNT)])
            is expected
        )

    def test_a_grant_allows_its_operations_to_its_grantee_in_its_encryption_context(self):
        grant = Grant(ROLE, frozenset({"Decrypt"}), {"aws:lambda:FunctionArn": "f"})
        within = request(action="kms:Decrypt", on=KEY, context={"kms:encryptioncontext:aws:lambda:functionarn": "f"})
        encrypt = request(action="kms:Encrypt", on=KEY, context=within.context)
        stranger = request(session_of(f"arn:aws:iam::{ACCOUNT}:role/x"), "kms:Decrypt", KEY, within.context)

        assert allows(within, grants=[grant])
        assert not allows(self.decrypt, grants=[grant])
        assert not allows(encrypt, grants=[grant])
        assert not allows(stranger, grants=[grant])
        assert not allows(within, deny("kms:*"), grants=[grant])


class TestServices:
    events = Caller("events.amazonaws.com")
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:files"

    def send(self, **context):
        return request(self.events, "sqs:SendMessage", self.queue, context)

    def test_only_a_resource_that_names_the_service_allows_it(self):
        assert allows(self.send(), resource=[allow("sqs:SendMessage", Principal=TO_EVENTS)])
        assert not allows(self.send(), resource=[allow("sqs:SendMessage", Principal={"Service": "s3.amazonaws.com"})])
        assert not allows(self.send(), resource=[allow("sqs:*", **TO_ACCOUNT)])
        assert not allows(self.send(), allow("sqs:*"))

    def test_conditions_that_the_service_must_meet(self):
        ours = allow("sqs:*", Principal=TO_EVENTS, Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}})

        assert allows(self.send(**{"aws:sourceaccount": ACCOUNT}), resource=[ours])
        assert not allows(self.send(**{"aws:sourceaccount": OTHER_ACCOUNT}), resource=[ours])
        assert not allows(self.send(), resource=[ours]), "a service that sends no account is refused"

    def test_a_trust_policy_says_who_may_take_a_role(self):
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "glue.amazonaws.com"}}
        glue, states = (request(Caller(f"{name}.amazonaws.com"), "sts:AssumeRole", ROLE) for name in ("glue", "states"))

        assert allows(glue, resource=[trust])
        assert not allows(states, resource=[trust])


class TestStatements:
    def test_actions_ignore_case_and_resources_do_not(self):
        assert allows(request(), allow("S3:getobject"))
        assert not allows(request(), allow(on=OBJECT.replace("incoming", "Incoming")))

    @pytest.mark.parametrize(
        ("pattern", "expected"),
        [("s3:*", True), ("s3:Get*", True), ("s3:GetObjec?", True), ("s3:GetObjec", False), ("s3:GetObject?", False)],
    )
    def test_wildcards_of_actions(self, pattern, expected):
        assert allows(request(), allow(pattern)) is expected

    @pytest.mark.parametrize(
        ("pattern", "expected"),
        [
            ("*", True),
            ("arn:aws:s3:::lake/*", True),
            ("arn:aws:s3:::lake/incoming/?.csv", True),
            ("arn:aws:s3:::lake", False),
            ("arn:aws:s3:::*", True),
            ("arn:aws:s3", True),
            ("arn:*:lake/incoming/a.csv", False),
        ],
    )
    def test_wildcards_of_resources_stay_within_a_field_of_the_arn(self, pattern, expected):
        assert allows(request(), allow(on=pattern)) is expected

    def test_a_call_without_a_resource_is_allowed_by_a_star_only(self):
        asked = request(action="xray:PutTraceSegments", on="*")

        assert allows(asked, allow("xray:*"))
        assert not allows(asked, allow("xray:*", "arn:aws:xray:*"))

    def test_not_action_and_not_resource_are_all_others(self):
        not_action = {"Effect": "Allow", "NotAction": ["iam:*", "s3:Delete*"], "Resource": "*"}
        not_resource = {"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::lake/secret/*"}

        assert allows(request(), not_action)
        assert not allows(request(action="s3:DeleteObject"), not_action)
        assert allows(request(), not_resource)
        assert not allows(request(on="arn:aws:s3:::lake/secret/a"), not_resource)

    def test_variables_have_the_values_of_the_request_which_are_no_patterns(self):
        own = allow(on="arn:aws:s3:::lake/${aws:username}/*")

        def home(user, key):
            return request(on=f"arn:aws:s3:::lake/{key}", context={"aws:username": user} if user else {})

        assert allows(home("ada", "ada/a.csv"), own)
        assert not allows(home("ada", "bob/a.csv"), own)
        assert not allows(home("*", "bob/a.csv"), own)
        assert not allows(home(None, "ada/a.csv"), own), "a variable without a value matches nothing"

    def test_defaults_and_literals_of_variables(self):
        with_default = allow(on="arn:aws:s3:::lake/${aws:PrincipalTag/team, 'all'}/*")

        assert allows(request(on="arn:aws:s3:::lake/all/a"), with_default)
        assert allows(request(on="arn:aws:s3:::lake/*/a"), allow(on="arn:aws:s3:::lake/${*}/a"))
        assert not allows(request(on="arn:aws:s3:::lake/x/a"), allow(on="arn:aws:s3:::lake/${*}/a"))

    def test_policies_of_the_old_version_have_no_variables(self):
        old = policy(allow(on="arn:aws:s3:::lake/${aws:username}/*"), version="2008-10-17")
        asked = request(on="arn:aws:s3:::lake/ada/a.csv", context={"aws:username": "ada"})

        assert not decide(asked, Policies(old)).allowed

    @pytest.mark.parametrize(
        "broken",
        [
            "{",
            "[]",
            {},
            {"Statement": [{"Effect": "allow", "Action": "s3:*"}]},
            {"Statement": [{"Effect": "Allow"}]},
            {"Statement": [{"Effect": "Allow", "Action": 1}]},
            {"Statement": [{"Effect": "Allow", "Action": "s3:*", "NotAction": "s3:*"}]},
            {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Condition": {"StringIs": {"a": "b"}}}]},
        ],
    )
    def test_a_policy_that_is_none_is_refused(self, broken):
        with pytest.raises(PolicyError):
            statements(broken)

    def test_the_decision_names_the_statement(self):
        found = decide(request(), Policies(policy(allow(), deny(Sid="Never"))))

        assert (found.allowed, found.reason, found.statement.sid) == (False, "denied by a statement", "Never")
