"""Finds the operation of a REST request by its method, path, query and headers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.model import ServiceModel

    from localaws.strict.requests import Request

_LABEL = re.compile(r"\{([^}+]+)(\+?)\}")


@dataclass(frozen=True)
class Route:
    """One operation: the pattern of its path, and the query parameters and headers that it requires."""

    operation: str
    path: re.Pattern[str]
    labels: tuple[str, ...]
    query: Mapping[str, str | None]
    headers: frozenset[str]
    literals: int
    deprecated: bool

    def match(self, request: Request) -> dict[str, str] | None:
        """Return the labels of the request's path, or None for a request of another operation."""
        found = self.path.fullmatch(request.path)
        if found is None or not self.headers <= request.headers.keys():
            return None
        for name, value in self.query.items():
            if name not in request.query or (value is not None and value not in request.query[name]):
                return None
        return dict(zip(self.labels, found.groups(), strict=True))

    @property
    def precision(self) -> tuple[int, bool, int]:
        """The sort key of routes: one with more required parts is tried first."""
        return len(self.query) + len(self.headers), not self.deprecated, self.literals


class Routes:
    """The routes of one REST service."""

    def __init__(self, model: ServiceModel) -> None:
        self._by_method: dict[str, list[Route]] = {}
        for method, route in _routes(model):
            self._by_method.setdefault(method, []).append(route)
        for routes in self._by_method.values():
            routes.sort(key=lambda route: route.precision, reverse=True)

    def find(self, request: Request) -> tuple[str, dict[str, str]] | None:
        """Return the operation and the labels of its path, or None when the model has no such operation."""
        for route in self._by_method.get(request.method, ()):
            labels = route.match(request)
            if labels is not None:
                return route.operation, labels
        return None


def _routes(model: ServiceModel) -> Iterator[tuple[str, Route]]:
    for name in model.operation_names:
        operation = model.operation_model(name)
        template, _, literal_query = operation.http["requestUri"].partition("?")
        query: dict[str, str | None] = {
            key: values[0] or None for key, values in parse_qs(literal_query, keep_blank_values=True).items()
        }
        headers: set[str] = set()
        shape = operation.input_shape
        if shape is not None and model.service_name == "s3":  # several of its operations share a method and a path
            required = [shape.members[member].serialization for member in shape.required_members]
            query |= {member["name"]: None for member in required if member.get("location") == "querystring"}
            headers = {member["name"].lower() for member in required if member.get("location") == "header"}
        labels, path = _path(template)
        literals = len(_LABEL.sub("", template))
        route = Route(name, path, labels, query, frozenset(headers), literals, deprecated=operation.deprecated)
        yield operation.http["method"], route


def _path(template: str) -> tuple[tuple[str, ...], re.Pattern[str]]:
    """Return the labels of a path template and its pattern.

    MiniStack passes decoded paths, so a label with an ARN may contain slashes, like a greedy one.
    """
    labels, expression, end = [], "", 0
    for label in _LABEL.finditer(template):
        greedy = label[2] or "arn" in label[1].lower()
        labels.append(label[1])
        expression += re.escape(template[end : label.start()]) + ("(.+)" if greedy else "([^/]*)")
        end = label.end()
    expression += re.escape(template[end:])
    return tuple(labels), re.compile(expression.rstrip("/") + "/?", re.DOTALL)
