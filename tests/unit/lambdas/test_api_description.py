"""Requests made up from the API's own description, right ones and wrong ones: each answer is one that it describes."""

import json
import re

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from moto.athena.models import AthenaBackend
from moto.core.exceptions import JsonRESTError

from tests.api import application, person
from tests.contract.pages import ROOT
from tests.unit.lambdas.test_api_handler import lake  # noqa: F401 - a fixture

TOKEN = {"Authorization": "Bearer right"}
answering = []
"""The application of the test at hand: the requests are made up before there is one."""

schema = schemathesis.openapi.from_dict(json.loads((ROOT / "lambdas" / "api_handler" / "openapi.json").read_text()))


def latest(environ, start_response):
    return answering[-1](environ, start_response)


schema.app = latest


@pytest.fixture
def _answers(lake, lambda_context, monkeypatch):  # noqa: F811 - the fixture
    from lambdas.api_handler.handler import lambda_handler

    found = AthenaBackend.get_query_execution

    def as_athena(backend, execution_id):  # moto raises KeyError
        if execution_id not in backend.executions:
            raise JsonRESTError("InvalidRequestException", "unknown")
        return found(backend, execution_id)

    monkeypatch.setattr(AthenaBackend, "get_query_execution", as_athena)
    answering.append(application(lambda_handler, lambda_context, person("platform")))
    yield
    answering.clear()


@schema.parametrize()
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@pytest.mark.usefixtures("_answers")
def test_every_answer_is_as_described(case):
    # API Gateway routes by method, so others never reach the function.
    case.call_and_validate(headers=TOKEN, excluded_checks=[schemathesis.checks.unsupported_method])


def test_the_description_is_that_of_the_code():
    from lambdas.api_handler.routes import document

    assert json.loads((ROOT / "lambdas" / "api_handler" / "openapi.json").read_text()) == json.loads(document()), (
        "run `make openapi`"
    )


def test_api_gateway_routes_what_is_described_and_nothing_else():
    terraform = (ROOT / "terraform" / "modules" / "api" / "main.tf").read_text()
    routed = set(re.findall(r'"((?:GET|POST) /v1/[^"]*)"', terraform))
    described = {
        f"{method.upper()} {path}" for path, methods in schema.raw_schema["paths"].items() for method in methods
    }

    assert routed == described | {"GET /v1/openapi.json"}
