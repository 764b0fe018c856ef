"""JSON_EXISTS, JSON_VALUE and JSON_QUERY: what the clauses ON EMPTY, ON ERROR and WRAPPER make of a path's items."""

from __future__ import annotations

from typing import Any

from localaws.athena.scalar.json_paths.parser import compiled
from localaws.athena.scalar.json_paths.steps import Context, PathError
from localaws.athena.scalar.json_texts import Number, dump, load
from localaws.athena.scalar.signature import ScalarError, function, nullable


def _items(text: str, path: str) -> list[Any]:
    """Return the items at a path. Raises PathError when the document is not JSON or the path does not fit it."""
    lax, evaluate = compiled(path)
    try:
        document = load(text)
    except (ValueError, RecursionError) as error:
        raise PathError("not JSON") from error
    return evaluate(Context(document, document, lax=lax))


def _on(clause: str, what: str) -> str | None:
    """Return what stands for an empty result or an error: None for NULL. Raises ScalarError for the clause ERROR."""
    if clause == "ERROR":
        raise ScalarError(f"The JSON path {what}", "JSON_PATH_EVALUATION_ERROR")
    return {"NULL": None, "EMPTY ARRAY": "[]", "EMPTY OBJECT": "{}"}.get(clause, clause)


def _json_exists(text: str, path: str, on_error: str) -> bool | None:
    try:
        return bool(_items(text, path))
    except PathError as error:
        if on_error == "ERROR":
            raise ScalarError(f"{error}", "JSON_PATH_EVALUATION_ERROR") from error
        return {"TRUE": True, "FALSE": False}.get(on_error)


def _json_value(text: str, path: str, on_empty: str, on_error: str) -> list[str | None]:
    """Return a marker and the text of the value: `value`, `empty` or `error`."""
    try:
        found = _items(text, path)
    except PathError:
        _on("ERROR" if on_error == "ERROR" else "NULL", "could not be evaluated")
        return ["error", None]
    if not found:
        _on("ERROR" if on_empty == "ERROR" else "NULL", "found nothing")
        return ["empty", None]
    if len(found) > 1 or isinstance(found[0], (dict, list)):
        _on("ERROR" if on_error == "ERROR" else "NULL", "found no single scalar")
        return ["error", None]
    value = found[0]
    if value is None:
        return ["value", None]
    if isinstance(value, bool):
        return ["value", "true" if value else "false"]
    return ["value", value.text if isinstance(value, Number) else str(value)]


def _json_query(text: str, path: str, wrapper: str, on_empty: str, on_error: str, quotes: str) -> str | None:  # noqa: PLR0913, PLR0917
    try:
        found = _items(text, path)
    except PathError:
        return _on(on_error, "could not be evaluated")
    if not found:
        return _on(on_empty, "found nothing")
    if wrapper == "UNCONDITIONAL" or (
        wrapper == "CONDITIONAL" and (len(found) > 1 or not isinstance(found[0], (dict, list)))
    ):
        return dump(found)
    if len(found) > 1:
        return _on(on_error, "found more than one item")
    if quotes == "OMIT" and isinstance(found[0], str):
        return found[0]
    return dump(found[0])


FUNCTIONS = {
    "trino_json_exists": nullable(_json_exists, "VARCHAR, VARCHAR, VARCHAR", "BOOLEAN"),
    "trino_json_value": function(_json_value, "VARCHAR, VARCHAR, VARCHAR, VARCHAR", "VARCHAR[]"),
    "trino_json_query": nullable(_json_query, "VARCHAR, VARCHAR, VARCHAR, VARCHAR, VARCHAR, VARCHAR", "VARCHAR"),
}
