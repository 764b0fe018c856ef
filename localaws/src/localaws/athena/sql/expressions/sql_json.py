"""JSON_VALUE, JSON_QUERY, JSON_EXISTS, JSON_OBJECT, JSON_ARRAY and IS JSON, which have a syntax of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.scalar.json_paths import parser as json_paths
from localaws.athena.scalar.signature import ScalarError
from localaws.athena.sql.expressions import casts, json_casts
from localaws.athena.sql.parser.parsed_types import from_sqlglot
from localaws.athena.sql.parser.parsing import refuse_other_arguments
from localaws.athena.sql.scope import Scope, Typed
from localaws.athena.trino_types import BOOLEAN, INTEGER_DIGITS, VARCHAR, literal

if TYPE_CHECKING:
    from localaws.athena.sql.interface import ExpressionCompiler, ExpressionHandler

_RETURNS = frozenset({*INTEGER_DIGITS, "boolean", "double", "real", "decimal", "varchar", "char"})


def _input(compiler: ExpressionCompiler, node: exp.Expr, scope: Scope) -> str:
    if isinstance(node, exp.FormatJson):
        node = node.this
    return casts.expect(compiler.expression(node, scope), VARCHAR, "JSON path input").sql


def _path(node: exp.Expr) -> str:
    if not isinstance(node, exp.Literal) or not node.is_string:
        raise AthenaError("SYNTAX_ERROR", f"mismatched input '{node.sql('trino')}'. Expecting: a JSON path in quotes")
    try:
        json_paths.check(node.name)
    except ScalarError as error:
        raise AthenaError(*str(error).split(": ", 1)) from error
    return literal(node.name)


def _clauses(node: exp.Expr, compiler: ExpressionCompiler, scope: Scope) -> tuple[str, str, dict[str, Typed]]:
    """Return the words of ON EMPTY and ON ERROR, and the values of DEFAULT by the names `empty` and `error`."""
    condition = node.args.get("on_condition")
    words, defaults = {"empty": "NULL", "error": "NULL"}, {}
    for name in words:
        found = condition.args.get(name) if condition is not None else None
        if isinstance(found, exp.Expr):
            defaults[name] = compiler.expression(found, scope)
        elif found:
            words[name] = str(found).upper().removesuffix(f" ON {name.upper()}").strip()
    return words["empty"], words["error"], defaults


def json_value(compiler: ExpressionCompiler, node: exp.JSONValue, scope: Scope) -> Typed:
    """Compile JSON_VALUE(input, path RETURNING type … ON EMPTY … ON ERROR). Raises AthenaError as Trino would."""
    refuse_other_arguments(node, "this", "path", "returning", "on_condition")
    returning = node.args.get("returning")
    kind = VARCHAR
    if returning is not None:
        kind = from_sqlglot(returning.this if isinstance(returning.this, exp.DataType) else returning)
    if kind.name not in _RETURNS:
        raise UnsupportedSqlError(f"JSON_VALUE returning {kind}")
    on_empty, on_error, defaults = _clauses(node, compiler, scope)
    found = f"trino_json_value({_input(compiler, node.this, scope)}, {_path(node.args['path'])}, "
    found += f"'{on_empty}', '{on_error}')"
    value = casts.cast(Typed(f"{found}[2]", VARCHAR), kind)
    if kind.name != "varchar" and on_error != "ERROR":
        value = casts.try_cast(Typed(f"{found}[2]", VARCHAR), kind)
    if not defaults:
        return value
    cases = " ".join(
        f"WHEN {found}[1] = '{name}' THEN {casts.expect(default, kind, 'JSON_VALUE default').sql}"
        for name, default in defaults.items()
    )
    return Typed(f"(CASE {cases} ELSE {value.sql} END)", kind)


def json_query(compiler: ExpressionCompiler, node: exp.JSONExtract, scope: Scope) -> Typed:
    """Compile JSON_QUERY(input, path … WRAPPER … QUOTES … ON EMPTY … ON ERROR). Raises AthenaError as Trino would."""
    refuse_other_arguments(node, "this", "expression", "json_query", "option", "quote", "on_condition")
    if not node.args.get("json_query"):
        raise AthenaError("SYNTAX_ERROR", "mismatched input '->'")
    option = node.args.get("option")
    words = (option.name if option is not None else "").upper()
    wrapper = (
        "NONE" if not words or words.startswith("WITHOUT") else "CONDITIONAL"
        if " CONDITIONAL" in words else "UNCONDITIONAL"
    )  # fmt: skip
    quote = node.args.get("quote")
    quotes = "OMIT" if quote is not None and "OMIT" in str(quote.args.get("option")) else "KEEP"
    on_empty, on_error, defaults = _clauses(node, compiler, scope)
    if defaults:
        raise AthenaError("SYNTAX_ERROR", "mismatched input 'DEFAULT' in JSON_QUERY")
    found = (
        f"trino_json_query({_input(compiler, node.this, scope)}, {_path(node.expression)}, '{wrapper}', '{on_empty}', "
        f"'{on_error}', '{quotes}')"
    )
    return Typed(found, VARCHAR)


def json_exists(compiler: ExpressionCompiler, node: exp.JSONExists, scope: Scope) -> Typed:
    """Compile JSON_EXISTS(input, path … ON ERROR). Raises AthenaError as Trino would."""
    refuse_other_arguments(node, "this", "path", "on_condition", "from_dcolonqmark")
    condition = node.args.get("on_condition")
    word = str(condition.args.get("error") or "FALSE") if condition is not None else "FALSE"
    word = word.upper().removesuffix(" ON ERROR").strip()
    found = f"trino_json_exists({_input(compiler, node.this, scope)}, {_path(node.args['path'])}, '{word}')"
    return Typed(found, BOOLEAN)


def _member(value: Typed) -> str:
    """Return SQL of the JSON text of a value of JSON_OBJECT or JSON_ARRAY; `null` for NULL."""
    if value.type.name == "unknown":
        return "'null'"
    return f"coalesce({json_casts.scalar_text(value, casts.cast)}, 'null')"


def json_object(compiler: ExpressionCompiler, node: exp.JSONObject, scope: Scope) -> Typed:
    """Compile JSON_OBJECT(key: value, …), whose result is a text. Raises AthenaError for keys that are no texts."""
    refuse_other_arguments(node, "this", "expressions", "null_handling", "unique_keys")
    absent = "ABSENT" in str(node.args.get("null_handling") or "").upper()
    pairs = []
    for item in node.expressions:
        if not isinstance(item, exp.JSONKeyValue):
            raise UnsupportedSqlError(f"JSON_OBJECT with {item.sql('trino')[:100]}")
        key = casts.expect(compiler.expression(item.this, scope), VARCHAR, "JSON_OBJECT key")
        value = compiler.expression(_without_format(item.expression), scope)
        pair = f"trino_json_string({key.sql}) || ':' || {_member(value)}"
        pairs.append(f"CASE WHEN {value.sql} IS NOT NULL THEN {pair} END" if absent else pair)
    return Typed(f"('{{' || {_joined(pairs)} || '}}')", VARCHAR)


def json_array(compiler: ExpressionCompiler, node: exp.JSONArray, scope: Scope) -> Typed:
    """Compile JSON_ARRAY(value, …), whose result is a text. NULL is left out unless the clause says NULL ON NULL."""
    refuse_other_arguments(node, "expressions", "null_handling")
    keeps_null = str(node.args.get("null_handling") or "").upper().startswith("NULL")
    typed = [compiler.expression(_without_format(value), scope) for value in node.expressions]
    items = [
        _member(value) if keeps_null else f"CASE WHEN {value.sql} IS NOT NULL THEN {_member(value)} END"
        for value in typed
    ]
    return Typed(f"('[' || {_joined(items)} || ']')", VARCHAR)


def _without_format(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.FormatJson):
        raise UnsupportedSqlError("FORMAT JSON in a JSON constructor")
    return node


def _joined(parts: list[str]) -> str:
    return f"array_to_string(CAST([{', '.join(parts)}] AS VARCHAR[]), ',')"


def is_json(compiler: ExpressionCompiler, node: exp.Is, scope: Scope) -> Typed:
    """Compile IS JSON [VALUE | OBJECT | ARRAY | SCALAR] [WITH UNIQUE KEYS]."""
    test = node.expression
    word = str(test.args.get("this") or "VALUE").upper()
    text = casts.expect(compiler.expression(node.this, scope), VARCHAR, "IS JSON").sql
    return Typed(f"trino_is_json({text}, '{word}', {str(bool(test.args.get('unique'))).lower()})", BOOLEAN)


HANDLERS: dict[type[exp.Expr], ExpressionHandler] = {
    exp.JSONValue: json_value,
    exp.JSONExtract: json_query,
    exp.JSONExists: json_exists,
    exp.JSONObject: json_object,
    exp.JSONArray: json_array,
}
