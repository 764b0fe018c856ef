"""The error response of a service to an invalid request: its code, its message, and its format.

The codes in CODES were observed on AWS; a service that is not in it has the code of its protocol.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import uuid4
from xml.sax.saxutils import escape

from localaws.strict.faults import message

if TYPE_CHECKING:
    from localaws.strict.faults import Fault

Response = tuple[int, dict[str, str], bytes]

CODES = {
    "apigateway": "BadRequestException",
    "apigatewayv2": "BadRequestException",
    "appconfig": "BadRequestException",
    "appsync": "BadRequestException",
    "athena": "InvalidRequestException",
    "cognito-identity": "InvalidParameterException",
    "cognito-idp": "InvalidParameterException",
    "ec2": "InvalidParameterValue",
    "ecr": "InvalidParameterException",
    "ecs": "InvalidParameterException",
    "eks": "InvalidParameterException",
    "kafka": "BadRequestException",
    "lakeformation": "InvalidInputException",
    "logs": "InvalidParameterException",
    "mq": "BadRequestException",
    "resource-groups": "BadRequestException",
    "resourcegroupstaggingapi": "InvalidParameterException",
    "route53": "InvalidInput",
    "s3": "InvalidArgument",
    "s3control": "InvalidRequest",
    "s3tables": "BadRequestException",
    "sesv2": "BadRequestException",
    "sqs": "InvalidParameterValue",
}
PROTOCOL_CODES = {"query": "ValidationError", "ec2": "InvalidParameterValue", "rest-xml": "InvalidArgument"}
DEFAULT_CODE = "ValidationException"

# These services have another code and message for a missing parameter.
MISSING_PARAMETER = {"ec2", "sqs"}


def code_of(service: str, protocol: str, faults: list[Fault]) -> str:
    """Return the error code of an invalid request."""
    if service in MISSING_PARAMETER and faults[0].kind == "missing":
        return "MissingParameter"
    if service == "sqs" and faults[0].kind == "enum":
        return "InvalidAttributeName"
    if service == "s3" and _is_in_body(faults[0]):
        return "MalformedXML"
    return CODES.get(service) or PROTOCOL_CODES.get(protocol, DEFAULT_CODE)


def message_of(service: str, faults: list[Fault]) -> str:
    """Return the message of an invalid request."""
    if service in MISSING_PARAMETER and faults[0].kind == "missing":
        name = faults[0].path.rpartition(".")[2]
        return f"The request must contain the parameter {name[:1].upper()}{name[1:]}."
    if service == "s3" and _is_in_body(faults[0]):
        schema = "The XML you provided was not well-formed or did not validate against our published schema"
        return f"{schema} ({message(faults)})"
    return message(faults)


def _is_in_body(fault: Fault) -> bool:
    """Return whether a fault is in a request's body: members that S3 reads from path, query and headers have no dot."""
    return "." in fault.path


def answer(service: str, protocol: str, faults: list[Fault]) -> Response:
    """Return status, headers and body of the error response, in the protocol of the request."""
    return refused(service, protocol, code_of(service, protocol, faults), message_of(service, faults))


def refused(service: str, protocol: str, code: str, text: str, status: int = 400) -> Response:
    """Return status, headers and body of an error, in the protocol of the request."""
    write = _json if protocol in {"json", "rest-json"} else _xml
    return status, *write(service, protocol, code, text)


def _json(service: str, protocol: str, code: str, text: str) -> tuple[dict[str, str], bytes]:
    headers = {
        "Content-Type": "application/json" if protocol == "rest-json" else "application/x-amz-json-1.1",
        "x-amzn-errortype": code,
    }
    if service in {
        "sqs",
        "cloudwatch",
    }:  # clients of a service that had the Query protocol before read the old code here
        old = "ValidationError" if code == DEFAULT_CODE else code
        headers["x-amzn-query-error"] = f"{old};Sender"
    return headers, json.dumps({"__type": code, "message": text}).encode()


def _xml(service: str, protocol: str, code: str, text: str) -> tuple[dict[str, str], bytes]:
    error = f"<Code>{code}</Code><Message>{escape(text)}</Message>"
    request_id = uuid4()
    if service == "s3":
        body = f"<Error>{error}<RequestId>{request_id}</RequestId></Error>"
    elif protocol == "ec2":
        body = f"<Response><Errors><Error>{error}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    else:
        error = f"<Error><Type>Sender</Type>{error}</Error>"
        body = f"<ErrorResponse>{error}<RequestId>{request_id}</RequestId></ErrorResponse>"
    return {"Content-Type": "text/xml"}, body.encode()
