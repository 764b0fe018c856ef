"""UNNEST: arrays, maps and arrays of rows as columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql.scope import Relation, Scope, Typed
from localaws.athena.trino_types import BIGINT, TrinoType, quote

if TYPE_CHECKING:
    from localaws.athena.sql.interface import QueryCompiler


def unnest(compiler: QueryCompiler, node: exp.Unnest, scope: Scope) -> tuple[Relation, exp.TableAlias | None]:
    """Compile UNNEST of arrays (side by side, padded with NULL), maps (key, value) and arrays of rows (their fields).

    Returns the relation and its alias. Raises AthenaError TYPE_MISMATCH for any other type.
    """
    if node.args.get("explode_array"):
        raise UnsupportedSqlError("UNNEST of this form")
    inner, outer, kinds = [], [], []
    for argument in node.expressions:
        value = compiler.expression(argument, scope)
        for sql, path, kind in _unnested(compiler, value):
            if sql:
                inner.append(sql)
            outer.append(path)
            kinds.append(kind)
    lengths = ", ".join(f"len({_as_list(compiler.expression(a, scope))})" for a in node.expressions)
    if node.args.get("offset"):
        ordinality = compiler.fresh("u")
        inner.append(f"unnest(range(1, coalesce(greatest({lengths}), 0) + 1)) AS {ordinality}")
        outer.append(ordinality)
        kinds.append(BIGINT)
    cells = ", ".join(f"{path} AS c{i}" for i, path in enumerate(outer))
    relation = Relation(
        f"SELECT {cells} FROM (SELECT {', '.join(inner)})", tuple((f"_col{i}", kind) for i, kind in enumerate(kinds))
    )
    return relation, _with_ordinality(node)


def _with_ordinality(node: exp.Unnest) -> exp.TableAlias | None:
    """Return the alias with all its columns: the parser moves the name of the ordinality column out of the list."""
    alias: exp.TableAlias | None = node.args.get("alias")
    offset = node.args.get("offset")
    if alias is None or not isinstance(offset, exp.Identifier) or not alias.args.get("columns"):
        return alias
    whole = alias.copy()
    whole.set("columns", [*whole.args["columns"], offset.copy()])
    return whole


def _as_list(value: Typed) -> str:
    return value.sql if value.type.name == "array" else f"map_keys({value.sql})"


def _unnested(compiler: QueryCompiler, value: Typed) -> list[tuple[str, str, TrinoType]]:
    """Return inner select item, path to the cell in the outer select, and type, of each column of an argument."""
    name = compiler.fresh("u")
    if value.type.name == "map":
        key, held = f"{name}k", f"{name}v"
        return [
            (f"unnest(map_keys({value.sql})) AS {key}", key, value.type.args[0]),
            (f"unnest(map_values({value.sql})) AS {held}", held, value.type.args[1]),
        ]
    if value.type.name != "array":
        raise AthenaError("TYPE_MISMATCH", f"Cannot unnest type: {value.type}")
    element, item = value.type.element, f"unnest({value.sql}) AS {name}"
    if element.name != "row":
        return [(item, name, element)]
    parts = zip(element.storage_fields, element.args, strict=True)
    return [(item if i == 0 else "", f"({name}).{quote(f)}", kind) for i, (f, kind) in enumerate(parts)]
