"""OVER (…): partitions, order and frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.athena.errors import AthenaError, UnsupportedSqlError

if TYPE_CHECKING:
    from localaws.athena.sql.interface import ExpressionCompiler
    from localaws.athena.sql.scope import Scope


def over_clause(compiler: ExpressionCompiler, window: exp.Window, scope: Scope) -> str:
    """Return the SQL of an OVER clause. Raises UnsupportedSqlError for frames that DuckDB bounds differently."""
    if window.args.get("alias") is not None:
        named = scope.windows.get(window.args["alias"].name.lower())
        if not isinstance(named, exp.Window):
            raise AthenaError("INVALID_WINDOW_REFERENCE", f"Window {window.args['alias'].name} is not defined")
        window = _refined(named, window)
    parts = []
    if window.args.get("partition_by"):
        keys = ", ".join(compiler.expression(e, scope).sql for e in window.args["partition_by"])
        parts.append(f"PARTITION BY {keys}")
    if window.args.get("order") is not None:
        parts.append(compiler.ordering(window.args["order"], scope))
    if window.args.get("spec") is not None:
        parts.append(_frame(compiler, window.args["spec"], scope))
    return f"OVER ({' '.join(parts)})"


def _refined(named: exp.Window, window: exp.Window) -> exp.Window:
    """Return a named window with what the OVER clause adds to it. Raises AthenaError for what it may not change."""
    if window.args.get("partition_by") or (window.args.get("order") and named.args.get("order")):
        raise AthenaError("INVALID_WINDOW_REFERENCE", "A window cannot change PARTITION BY or ORDER BY of a named one")
    merged = named.copy()
    for part in ("order", "spec"):
        if window.args.get(part):
            merged.set(part, window.args[part].copy())
    return merged


def _frame(compiler: ExpressionCompiler, spec: exp.WindowSpec, scope: Scope) -> str:
    if spec.args.get("exclude"):
        raise UnsupportedSqlError("EXCLUDE in a window frame")
    kind = str(spec.args["kind"]).upper()
    start = _bound(compiler, kind, spec.args.get("start"), spec.args.get("start_side"), scope)
    if spec.args.get("end") is None:
        return f"{kind} {start}"
    end = _bound(compiler, kind, spec.args["end"], spec.args.get("end_side"), scope)
    return f"{kind} BETWEEN {start} AND {end}"


def _bound(
    compiler: ExpressionCompiler, kind: str, bound: exp.Expr | str | None, side: str | None, scope: Scope
) -> str:
    if isinstance(bound, str):
        return f"{bound} {side or ''}".strip()
    if bound is None:
        raise UnsupportedSqlError(f"A window frame of {kind} without a bound")
    return f"{compiler.expression(bound, scope).sql} {side}"
