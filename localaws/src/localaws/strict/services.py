"""Checks the requests of one service. An operation is compiled at its first request."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from localaws.strict import answers, requests, rules
from localaws.strict.constraints import Compiler
from localaws.strict.exceptions import CASELESS, LENIENT, RENAMED
from localaws.strict.routes import Routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.model import OperationModel, ServiceModel

    from localaws.strict.answers import Response
    from localaws.strict.constraints import Check
    from localaws.strict.faults import Fault
    from localaws.strict.requests import Request
    from localaws.strict.rules import Account, Refusal

NOTHING = rules.EmptyAccount()
REST = frozenset({"rest-json", "rest-xml"})


class Call(NamedTuple):
    """The call of a request: operation, protocol, and members by their names in the request."""

    operation: str
    protocol: str
    members: dict[str, Any]


class Service:
    """The rules of one service, from its model."""

    def __init__(self, model: ServiceModel) -> None:
        self.name: str = model.service_name
        self.protocol: str = model.metadata["protocol"]
        self._model = model
        self._compiler = Compiler(RENAMED.get(self.name, {}), LENIENT.get(self.name, {}), CASELESS.get(self.name, {}))
        self._operations = frozenset(model.operation_names)
        self._checks: dict[str, Check | None] = {}
        self._compiling = threading.Lock()  # executions of state machines call from other threads

    @functools.cached_property
    def _routes(self) -> Routes:
        return Routes(self._model)

    def load(self) -> None:
        """Compile the routes of a REST service, for which the first request would have to wait."""
        if self.protocol in REST:
            _ = self._routes

    def operation(self, name: str) -> OperationModel | None:
        """Return the model of an operation, None when the service has none of that name."""
        return self._model.operation_model(name) if name in self._operations else None

    def raises(self, code: str) -> bool:
        """Return whether the model has an error of that name."""
        return code in self._model.shape_names

    def faults(self, operation: str, members: Mapping[str, Any]) -> list[Fault]:
        """Return the faults of the members of a call; none for an operation that the model does not have."""
        found: list[Fault] = []
        check = self._check(operation)
        if check is not None:
            check(members, "", found)
        return found

    def _check(self, operation: str) -> Check | None:
        if operation not in self._checks:
            with self._compiling:
                model = self.operation(operation)
                shape = model.input_shape if model is not None else None
                self._checks[operation] = self._compiler.compile(shape) if shape is not None else None
        return self._checks[operation]

    def refusal(self, call: Call, account: Account = NOTHING) -> Response | None:
        """Return the error response for a call that breaks a constraint or a rule, None for a valid one."""
        faults = self.faults(call.operation, call.members)
        if faults:
            return answers.answer(self.name, call.protocol, faults)
        broken = self.broken_rule(call.operation, call.members, account)
        return answers.refused(self.name, call.protocol, broken.code, broken.message, broken.status) if broken else None

    def broken_rule(self, operation: str, members: Mapping[str, Any], account: Account) -> Refusal | None:
        """Return why AWS refuses a call that is valid by the model; None for one that it carries out."""
        return rules.refusal(self.name, operation, members, account)

    def read(self, request: Request) -> Call | None:
        """Return the call of a request, None for a request that is not one of this service."""
        return self._rest_call(request) if self.protocol in REST else self._action_call(request)

    def _rest_call(self, request: Request) -> Call | None:
        found = self._routes.find(request)
        if found is None:
            return None
        operation, labels = found
        model = self._model.operation_model(operation)
        return Call(operation, self.protocol, requests.rest_members(request, model, labels))

    def _action_call(self, request: Request) -> Call | None:
        action = requests.action_of(request)
        model = self.operation(action) if action is not None else None
        if action is None or model is None:
            return None
        if "x-amz-target" in request.headers:
            prefix = request.headers["x-amz-target"].rpartition(".")[0]
            ours = prefix == self._model.metadata.get("targetPrefix")
            return Call(action, "json", requests.json_members(request)) if ours else None
        protocol = "ec2" if self.protocol == "ec2" else "query"
        shape = model.input_shape
        members = requests.query_members(request, shape, ec2=protocol == "ec2") if shape is not None else {}
        if self.name == "sqs" and request.path != "/":
            members.setdefault("QueueUrl", request.path)  # the Query protocol of SQS names the queue in the URL
        return Call(action, protocol, members)
