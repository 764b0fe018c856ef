"""JWT authorizers of API Gateway have no attributes of Lambda authorizers: a second plan of Terraform has no change.

MiniStack gives every authorizer a payload version, a time to keep results and simple responses, asked for or not.
"""

from __future__ import annotations

import json
from typing import Any, Final

from ministack.services import apigateway

from localaws.hooks import succeeded, wrap

OF_LAMBDA: Final = (
    "authorizerPayloadFormatVersion",
    "authorizerResultTtlInSeconds",
    "enableSimpleResponses",
    "authorizerUri",
    "authorizerCredentialsArn",
)
"""What CreateAuthorizer supports for REQUEST authorizers alone: API reference of API Gateway V2."""


def install() -> None:
    """Take the attributes from JWT authorizers as they are made."""

    @wrap(apigateway, "_create_authorizer")
    def _(original: Any, api_id: str, data: dict[str, Any]) -> Any:
        response = original(api_id, data)
        if not succeeded(response) or data.get("authorizerType") != "JWT":
            return response
        authorizer = apigateway._authorizers[api_id][json.loads(response[2])["authorizerId"]]
        for name in OF_LAMBDA:
            if name not in data:
                authorizer.pop(name, None)
        return apigateway._apigw_response(authorizer, 201)
