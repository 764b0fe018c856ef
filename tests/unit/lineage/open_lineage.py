"""JSON schemas of OpenLineage, from the classes that its client generates of the published schemas.

The client's package has no schema files, but each class says which published schema it was made of, which properties
there are, of which types, and which are required. Properties that a schema does not name are refused here, which the
published ones allow: a misspelt one would be an unknown property.
"""

import importlib
import pkgutil
import types
import typing
from enum import Enum
from functools import cache

import attr
from jsonschema import Draft202012Validator, FormatChecker
from openlineage.client import generated
from openlineage.client.event_v2 import RunEvent
from openlineage.client.generated.base import BaseFacet

PRIMITIVES = {str: "string", int: "integer", float: "number", bool: "boolean"}
OURS = {"urn:cartlake:schema:CartlakeRunFacet:1", "urn:cartlake:schema:CartlakeFileDatasetFacet:1"}
FORMATS = {"eventTime": "date-time", "nominalStartTime": "date-time", "runId": "uuid", "schemaURL": "uri"}


def _facets():
    """The classes of all facets by the URL of their schema."""
    for module in pkgutil.iter_modules(generated.__path__):
        loaded = importlib.import_module(f"{generated.__name__}.{module.name}")
        for kind in vars(loaded).values():
            if isinstance(kind, type) and issubclass(kind, BaseFacet) and kind.__module__ == loaded.__name__:
                yield kind._get_schema(), kind


FACETS = dict(_facets())


def faults_of(event):
    """Yield what is wrong with an event: in itself, then in each of its facets by the schema that it names."""
    yield from _faults(RunEvent, event, "")
    for where, facet in _facets_of(event):
        url = facet.get("_schemaURL")
        if url in OURS:
            continue
        if url not in FACETS:
            yield f"{where}: no schema {url}"
        else:
            yield from _faults(FACETS[url], facet, where)


def _facets_of(event):
    holders = [("run", event["run"]), ("job", event["job"])]
    holders += [(f"{end}[{at}]", one) for end in ("inputs", "outputs") for at, one in enumerate(event[end])]
    for where, holder in holders:
        for kind in ("facets", "inputFacets", "outputFacets"):
            yield from ((f"{where}.{kind}.{name}", facet) for name, facet in holder.get(kind, {}).items())


def _faults(kind, value, where):
    validator = Draft202012Validator(schema_of(kind), format_checker=FormatChecker())
    for error in validator.iter_errors(value):
        yield f"{where}{error.json_path}: {error.message}"


@cache
def schema_of(kind):
    """The JSON schema of a class. Facets within it may have any properties: they are checked by their own schemas."""
    defs = {}
    return _type(kind, defs) | {"$defs": defs}


def _object(kind, defs):
    hints = typing.get_type_hints(kind)
    fields = [field for field in attr.fields(kind) if not field.name.endswith("redact")]
    return {
        "type": "object",
        "properties": {field.name: _property(field.name, hints[field.name], defs) for field in fields},
        "required": [field.name for field in fields if field.default is attr.NOTHING or field.name == "_producer"],
        "additionalProperties": False,
    }


def _property(name, hint, defs):
    found = _type(hint, defs)
    return {"type": "string", "format": FORMATS[name]} if name in FORMATS and found.get("type") == "string" else found


def _type(hint, defs):
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_type(one, defs) for one in arguments if one is not type(None)]}
    if origin is list:
        return {"type": "array", "items": _type(arguments[0], defs)}
    if origin is dict:
        facets = isinstance(arguments[1], type) and issubclass(arguments[1], BaseFacet)
        return {"type": "object"} | ({} if facets else {"additionalProperties": _type(arguments[1], defs)})
    if hint in PRIMITIVES:
        return {"type": PRIMITIVES[hint]}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [member.value for member in hint]}
    return _reference(hint, defs) if attr.has(hint) else {}


def _reference(hint, defs):
    if hint.__name__ not in defs:
        defs[hint.__name__] = {}  # a class may have members of its own kind
        defs[hint.__name__] = _object(hint, defs)
    return {"$ref": f"#/$defs/{hint.__name__}"}
