"""Reads the operation and the members of a request, by the protocol of its service.

Members have their names in the request, and plain values: dictionaries, lists, text, numbers. Unknown members are
ignored, and a body that cannot be parsed has no members: MiniStack answers such requests.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET

from localaws.strict.faults import Blob

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.model import OperationModel, Shape, StructureShape

LARGEST_DOCUMENT = 64_000_000
"""Bytes. A larger body is not parsed: it is not a JSON or XML document."""


class Request(NamedTuple):
    """An HTTP request as MiniStack passes it to a service: header names in lower case, each query value a list."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    query: Mapping[str, Any]


def action_of(request: Request) -> str | None:
    """Return the operation of a JSON or Query request, None when it names none."""
    target = request.headers.get("x-amz-target")
    if target:
        return target.rpartition(".")[2]
    if is_form(request):
        return form(request).get("Action")
    named = request.query.get("Action")
    return _first(named) if named else None


def is_form(request: Request) -> bool:
    """Return whether the body is a form, as in the Query and EC2 protocols."""
    return request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


def form(request: Request) -> dict[str, str]:
    """Return the parameters of a Query request, from its body and its URL."""
    sent = {name: _first(value) for name, value in request.query.items()}
    if is_form(request):
        sent |= dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    return sent


def json_members(request: Request) -> dict[str, Any]:
    """Return the members of a JSON body."""
    return _json_document(request.body)


def query_members(request: Request, shape: StructureShape, *, ec2: bool = False) -> dict[str, Any]:
    """Return the members of a form, whose names are paths, such as `Tags.member.1.Key`."""
    tree: dict[str, Any] = {}
    for name, value in form(request).items():
        node = tree
        *parents, last = name.split(".")
        for parent in parents:
            # A name may be both a value and the parent of others: these get another key.
            child = node.setdefault(parent, {})
            node = child if isinstance(child, dict) else node.setdefault(f"{parent}.", {})
        node[last] = value
    members = _from_tree(shape, tree, ec2=ec2)
    return members if isinstance(members, dict) else {}


def rest_members(request: Request, operation: OperationModel, labels: Mapping[str, str]) -> dict[str, Any]:
    """Return the members of a REST request, from its path (`labels`), query, headers and body."""
    shape = operation.input_shape
    if shape is None:
        return {}
    members = _body_members(request, operation, shape)
    for name, member in shape.members.items():
        key = member.serialization.get("name", name)
        sent = _outside_the_body(request, labels, member, key)
        if sent is not None:
            members[key] = sent
    return members


def _outside_the_body(request: Request, labels: Mapping[str, str], member: Shape, key: str) -> Any:
    location = member.serialization.get("location")
    if location == "headers":
        return {name[len(key) :]: value for name, value in request.headers.items() if name.startswith(key)} or None
    return labels.get(key) if location == "uri" else _from_header_or_query(request, location, member, key)


def _from_header_or_query(request: Request, location: str | None, member: Shape, key: str) -> Any:
    match location:
        case "header":
            value = request.headers.get(key.lower())
            return [item.strip() for item in value.split(",")] if value and member.type_name == "list" else value
        case "querystring" if member.type_name == "map":
            return {name: _first(value) for name, value in request.query.items()}
        case "querystring":
            value = request.query.get(key)
            if value is None or member.type_name == "list":
                return value
            return _first(value)
    return None


def _body_members(request: Request, operation: OperationModel, shape: StructureShape) -> dict[str, Any]:
    payload = shape.serialization.get("payload")
    if payload is None:
        return _document(request, operation, shape)
    member = shape.members[payload]
    key = member.serialization.get("name", payload)
    if member.type_name == "blob":
        return {key: Blob(len(request.body))} if request.body else {}
    if member.type_name == "string":
        return {key: request.body.decode("utf-8", "replace")} if request.body else {}
    if getattr(member, "is_eventstream", False) or not request.body:
        return {}
    return {key: _document(request, operation, member)}


def _document(request: Request, operation: OperationModel, shape: Shape) -> dict[str, Any]:
    if operation.service_model.metadata["protocol"] == "rest-xml":
        return _xml_document(request.body, shape)
    return _json_document(request.body)


def _json_document(body: bytes) -> dict[str, Any]:
    if not body or len(body) > LARGEST_DOCUMENT:
        return {}
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _xml_document(body: bytes, shape: Shape) -> dict[str, Any]:
    if not body or len(body) > LARGEST_DOCUMENT:
        return {}
    try:
        root = ET.fromstring(body)  # noqa: S314 -- requests of the user's own machine
    except ET.ParseError:
        return {}
    members = _from_xml(shape, root)
    return members if isinstance(members, dict) else {}


def _from_xml(shape: Shape, element: ET.Element) -> Any:
    match shape.type_name:
        case "structure":
            return _structure_from_xml(shape, element)  # type: ignore[arg-type]  # botocore's classes follow type_name
        case "list":
            return [_from_xml(shape.member, child) for child in element]  # type: ignore[attr-defined]
        case "map":
            return None  # no request of a REST-XML service has a map
    return element.text or ""


def _structure_from_xml(shape: StructureShape, element: ET.Element) -> dict[str, Any]:
    children: dict[str, list[ET.Element]] = {}
    for child in element:
        children.setdefault(child.tag.rpartition("}")[2], []).append(child)
    members: dict[str, Any] = {}
    for name, member in shape.members.items():
        key = member.serialization.get("name", name)
        if member.serialization.get("xmlAttribute"):
            attributes = {attribute.rpartition("}")[2]: value for attribute, value in element.attrib.items()}
            members[key] = attributes.get(key.rpartition(":")[2])
        elif found := children.get(_element_name(member, key)):
            flat_list = member.type_name == "list" and member.serialization.get("flattened")
            members[key] = (
                [_from_xml(member.member, child) for child in found]  # type: ignore[attr-defined]
                if flat_list
                else _from_xml(member, found[0])
            )
    return members


def _element_name(member: Shape, key: str) -> str:
    if member.type_name == "list" and member.serialization.get("flattened"):
        return str(member.member.serialization.get("name", key))  # type: ignore[attr-defined]
    return key


def _from_tree(shape: Shape, node: Any, *, ec2: bool) -> Any:
    match shape.type_name:
        case "structure":
            return _structure_from_tree(shape, node, ec2=ec2)  # type: ignore[arg-type]
        case "list":
            return _list_from_tree(shape, node, ec2=ec2)
        case "map":
            return _map_from_tree(shape, node)
    return node if isinstance(node, str) else None


def _structure_from_tree(shape: StructureShape, node: Any, *, ec2: bool) -> Any:
    if not isinstance(node, dict):
        return None
    members = {}
    for name, member in shape.members.items():
        wire = _query_name(member, name, ec2=ec2)
        if wire in node:
            members[member.serialization.get("name", name)] = _from_tree(member, node[wire], ec2=ec2)
    return members


def _query_name(member: Shape, name: str, *, ec2: bool) -> str:
    if ec2:
        named = member.serialization.get("queryName") or member.serialization.get("name", name)
        return str(named if "queryName" in member.serialization else named[:1].upper() + named[1:])
    if member.type_name == "list" and member.serialization.get("flattened"):
        return str(member.member.serialization.get("name", name))  # type: ignore[attr-defined]
    return str(member.serialization.get("name", name))


def _list_from_tree(shape: Shape, node: Any, *, ec2: bool) -> Any:
    if not isinstance(node, dict):
        return [] if node == "" else None
    member: Shape = shape.member  # type: ignore[attr-defined]
    if not ec2 and (not shape.serialization.get("flattened") or "member" in node):
        # Calls of Step Functions write every list with `member`
        node = node.get(member.serialization.get("name", "member"), node.get("member"))
    if not isinstance(node, dict):
        return None
    return [_from_tree(member, node[index], ec2=ec2) for index in sorted(filter(str.isdecimal, node), key=int)]


def _map_from_tree(shape: Shape, node: Any) -> Any:
    if isinstance(node, dict) and not shape.serialization.get("flattened"):
        node = node.get("entry")
    if not isinstance(node, dict):
        return None
    key: Shape = shape.key  # type: ignore[attr-defined]
    value: Shape = shape.value  # type: ignore[attr-defined]
    key_name, value_name = key.serialization.get("name", "key"), value.serialization.get("name", "value")
    entries = [entry for index, entry in node.items() if index.isdecimal() and isinstance(entry, dict)]
    return {entry.get(key_name, ""): _from_tree(value, entry.get(value_name), ec2=False) for entry in entries}


def _first(value: Any) -> str:
    return str(value[0] if isinstance(value, list) and value else value)
