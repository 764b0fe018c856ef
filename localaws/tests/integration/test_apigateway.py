"""Authorizers of API Gateway are read back as they were asked for."""

import pytest

pytestmark = pytest.mark.integration

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:f"
LAMBDA = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"


@pytest.fixture
def authorizer(localaws):
    """Makes an authorizer of an API; returns what the call answered, and what is read back."""
    apis = localaws.client("apigatewayv2")
    api_id = apis.create_api(Name="orders", ProtocolType="HTTP")["ApiId"]

    def make(**wanted):
        made = apis.create_authorizer(ApiId=api_id, Name="people", **wanted)
        return made, apis.get_authorizer(ApiId=api_id, AuthorizerId=made["AuthorizerId"])

    yield make
    apis.delete_api(ApiId=api_id)


def test_a_jwt_authorizer_has_nothing_of_a_lambda_authorizer(authorizer):
    jwt = {"Audience": ["shop"], "Issuer": "https://issuer.example"}

    made, read = authorizer(
        AuthorizerType="JWT", IdentitySource=["$request.header.Authorization"], JwtConfiguration=jwt
    )

    assert read["JwtConfiguration"] == jwt
    for answer in (made, read):
        of_lambda = {name for name in answer if name.startswith("AuthorizerP") or "Simple" in name or "Ttl" in name}
        assert not of_lambda


def test_a_lambda_authorizer_keeps_its_payload_version(authorizer):
    _, read = authorizer(
        AuthorizerType="REQUEST",
        IdentitySource=["$request.header.key"],
        AuthorizerUri=LAMBDA,
        AuthorizerPayloadFormatVersion="2.0",
    )

    assert (read["AuthorizerPayloadFormatVersion"], read["AuthorizerUri"]) == ("2.0", LAMBDA)
