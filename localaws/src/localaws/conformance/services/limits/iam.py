"""IAM: sizes of policies without white space, and policy documents that are refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localaws.conformance.checks import check, refused

if TYPE_CHECKING:
    from localaws.conformance.target import Target


def policy(characters: int = 0, **changes: Any) -> str:
    """Return a policy document of about so many characters without white space, with changes of its statement."""
    resources = [f"arn:aws:s3:::conformance/{number:0>76}" for number in range(characters // 100)]
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resources or "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**statement, **changes}]}, indent=1)


def trust(*services: str, **changes: Any) -> str:
    """Return a trust policy for services of AWS."""
    statement = {"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**statement, **changes}]})


def _role(target: Target) -> Any:
    client = target.client("iam")
    client.create_role(RoleName=target.name, AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))
    target.later(client.delete_role, RoleName=target.name)
    return client


def _put(target: Target, client: Any, name: str, document: str) -> None:
    client.put_role_policy(RoleName=target.name, PolicyName=name, PolicyDocument=document)
    target.later(client.delete_role_policy, RoleName=target.name, PolicyName=name)


@check("iam", "all inline policies of a role have at most 10,240 characters, white space not counted")
def inline_policies(target: Target) -> None:
    client = _role(target)
    _put(target, client, "half", policy(5_000) + " " * 20_000)
    more = {"RoleName": target.name, "PolicyName": "more", "PolicyDocument": policy(7_000)}
    refused("LimitExceeded", client.put_role_policy, **more)
    _put(target, client, "half", policy(8_000))


@check("iam", "a managed policy has at most 6,144 characters")
def managed_policy(target: Target) -> None:
    client = target.client("iam")
    refused("LimitExceeded", client.create_policy, PolicyName=target.name, PolicyDocument=policy(7_000))


@check("iam", "a new version of a managed policy has at most 6,144 characters")
def policy_version(target: Target) -> None:
    client = target.client("iam")
    arn = client.create_policy(PolicyName=target.name, PolicyDocument=policy())["Policy"]["Arn"]
    target.later(client.delete_policy, PolicyArn=arn)
    refused("LimitExceeded", client.create_policy_version, PolicyArn=arn, PolicyDocument=policy(7_000))


@check("iam", "a trust policy has at most 2,048 characters")
def trust_policy(target: Target) -> None:
    client = _role(target)
    account = {"aws:SourceArn": [f"arn:aws:lambda:us-east-1:000000000000:function:{n:0>60}" for n in range(20)]}
    document = trust("lambda.amazonaws.com", Condition={"ArnLike": account})
    refused("LimitExceeded", client.update_assume_role_policy, RoleName=target.name, PolicyDocument=document)


@check("iam", "the id of a statement has only letters and digits")
def statement_id(target: Target) -> None:
    client = _role(target)
    request = {"RoleName": target.name, "PolicyName": "p", "PolicyDocument": policy(Sid="read-only")}
    refused("MalformedPolicyDocument", client.put_role_policy, **request)


@check("iam", "two statements of a policy do not have the same id")
def same_id(target: Target) -> None:
    client = _role(target)
    document = json.loads(policy(Sid="Read"))
    document["Statement"] *= 2
    request = {"RoleName": target.name, "PolicyName": "p", "PolicyDocument": json.dumps(document)}
    refused("MalformedPolicyDocument", client.put_role_policy, **request)


@check("iam", "a resource of a policy is an ARN or *")
def resource(target: Target) -> None:
    client = _role(target)
    request = {"RoleName": target.name, "PolicyName": "p", "PolicyDocument": policy(Resource="bucket/key")}
    refused("MalformedPolicyDocument", client.put_role_policy, **request)


@check("iam", "an action of a policy names its service")
def action(target: Target) -> None:
    client = _role(target)
    request = {"RoleName": target.name, "PolicyName": "p", "PolicyDocument": policy(Action="GetObject")}
    refused("MalformedPolicyDocument", client.put_role_policy, **request)


@check("iam", "a trust policy has no resource")
def trust_with_resource(target: Target) -> None:
    client = _role(target)
    document = trust("lambda.amazonaws.com", Resource="*")
    refused("MalformedPolicyDocument", client.update_assume_role_policy, RoleName=target.name, PolicyDocument=document)


@check("kms", "a key policy that would lock everyone out is refused")
def lockout(target: Target) -> None:
    nobody = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "kms:Decrypt"}
    document = {"Version": "2012-10-17", "Statement": [{**nobody, "Resource": "*"}]}
    client = target.client("kms")
    refused("MalformedPolicyDocumentException", client.create_key, Policy=json.dumps(document))
