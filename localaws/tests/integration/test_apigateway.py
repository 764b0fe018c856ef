"""Authorizers of API Gateway are read back as they were asked for."""

import pytest

pytestmark = pytest.mark.integration

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:f"
LAMBDA = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"


@pytest.fixture
def api(localaws):
    """An API, by the client and its identifier."""
    apis = localaws.client("apigatewayv2")
    api_id = apis.create_api(Name="orders", ProtocolType="HTTP")["ApiId"]
    yield apis, api_id
    apis.delete_api(ApiId=api_id)


def test_a_jwt_authorizer_has_nothing_of_a_lambda_authorizer(api):
    apis, api_id = api
    jwt = {"Audience": ["shop"], "Issuer": "https://issuer.example"}
    made = apis.create_authorizer(
        ApiId=api_id,
        AuthorizerType="JWT",
        Name="people",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration=jwt,
    )

    read = apis.get_authorizer(ApiId=api_id, AuthorizerId=made["AuthorizerId"])

    assert read["JwtConfiguration"] == jwt
    for answer in (made, read):
        of_lambda = {name for name in answer if name.startswith("AuthorizerP") or "Simple" in name or "Ttl" in name}
        assert not of_lambda


def test_a_lambda_authorizer_keeps_its_payload_version(api):
    apis, api_id = api
    made = apis.create_authorizer(
        ApiId=api_id,
        AuthorizerType="REQUEST",
        Name="keys",
        IdentitySource=["$request.header.key"],
        AuthorizerUri=LAMBDA,
        AuthorizerPayloadFormatVersion="2.0",
    )

    read = apis.get_authorizer(ApiId=api_id, AuthorizerId=made["AuthorizerId"])

    assert (read["AuthorizerPayloadFormatVersion"], read["AuthorizerUri"]) == ("2.0", LAMBDA)
