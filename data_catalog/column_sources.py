"""What each column of a query is made of and how, and which columns decide about its rows: read from its SQL.

`data_catalog.lineage` asks sqlglot which columns a value comes from, for the catalog. Lineage of runs also tells values
from conditions, as OpenLineage does, so each use of a column is looked at here.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from cartlake.lineage.model import Kind, SourceColumn, TableSources

_DIRECT: Final[tuple[Kind, ...]] = ("IDENTITY", "TRANSFORMATION", "AGGREGATION")
"""From the weakest: of two steps in a row the stronger counts."""

_CLAUSES: Final[tuple[tuple[str, Kind], ...]] = (
    ("where", "FILTER"),
    ("having", "FILTER"),
    ("qualify", "FILTER"),
    ("group", "GROUP_BY"),
    ("distinct", "GROUP_BY"),
    ("order", "SORT"),
)
_TRANSPARENT: Final = (exp.Alias, exp.Paren)
_BY_ORDER: Final = (exp.ArgMax, exp.ArgMin)

Used = frozenset[SourceColumn]
_NOTHING: Final[Used] = frozenset()


@dataclass(slots=True)
class Resolver:
    """The sources of the columns of one query. `names` are the tables that count, by how the query calls them."""

    names: Mapping[str, str]
    _known: dict[tuple[int, str], Used] = field(default_factory=dict)

    def table(self, root: Scope, columns: Iterator[str]) -> TableSources:
        """Return the sources of these columns of the query, and of its rows. The query has to be qualified."""
        found = {name: tuple(sorted(self._column(root, name))) for name in columns}
        return TableSources(found, tuple(sorted(self._rows(root))))

    def _column(self, scope: Scope, name: str) -> Used:
        """The sources of a column of a part of the query; a part that reads itself adds nothing to itself."""
        key = (id(scope), name)
        if key not in self._known:
            self._known[key] = _NOTHING
            self._known[key] = self._find(scope, name)
        return self._known[key]

    def _find(self, scope: Scope, name: str) -> Used:
        query = scope.expression
        if scope.set_operation_scopes:
            place = _names(scope.set_operation_scopes[0]).index(name)
            parts = [(one, _names(one)[place]) for one in scope.set_operation_scopes]
            return _NOTHING.union(*(self._column(one, selected) for one, selected in parts))
        if not isinstance(query, exp.Select):  # unnest and the like: any of its values may be of any of its columns
            return self._used(scope, query, lambda _: "TRANSFORMATION")
        selected = next((one for one in query.selects if one.alias_or_name == name), None)
        return _NOTHING if selected is None else self._used(scope, selected, lambda one: _way(one, selected))

    def _rows(self, root: Scope) -> Used:
        found: set[SourceColumn] = set()
        for scope in root.traverse():
            for clause, kind in _clauses(scope.expression):
                used = self._used(scope, clause, lambda _: "TRANSFORMATION")
                found |= {SourceColumn(one.table, one.column, kind) for one in used}
        return frozenset(found)

    def _used(self, scope: Scope, part: exp.Expr, way: Callable[[exp.Column], Kind]) -> Used:
        return _NOTHING.union(
            *(_after(self._source(scope, column), way(column)) for column in part.find_all(exp.Column))
        )

    def _source(self, scope: Scope | None, column: exp.Column) -> Used:
        while scope is not None and column.table not in scope.sources:
            scope = scope.parent  # a subquery may read columns of the query around it
        if scope is None:
            return _NOTHING
        source = scope.sources[column.table]
        if isinstance(source, Scope):
            return self._column(source, column.name)
        table = self.names.get(source.name)
        return _NOTHING if table is None else frozenset({SourceColumn(table, column.name, "IDENTITY")})


def _names(scope: Scope) -> list[str]:
    """The names of the columns of a part of a query, in order."""
    query = scope.expression
    return query.named_selects if isinstance(query, exp.Query) else []


def _clauses(query: exp.Expr) -> Iterator[tuple[exp.Expr, Kind]]:
    for name, kind in _CLAUSES:
        if clause := query.args.get(name):
            yield clause, kind
    for join in query.args.get("joins") or ():
        yield from (
            (condition, "JOIN") for condition in (join.args.get("on"), *(join.args.get("using") or ())) if condition
        )


def _way(column: exp.Column, selected: exp.Expr) -> Kind:
    """How a selected expression uses a column in it: what decides about a value is weaker than what the value is of."""
    found: Kind = "IDENTITY"
    part: exp.Expr = column
    while part is not selected and part.parent is not None:
        step = _step(part, part.parent)
        if step not in _DIRECT:
            return step
        found = max(found, step, key=_DIRECT.index)
        part = part.parent
    return found


def _step(part: exp.Expr, outer: exp.Expr) -> Kind:
    if isinstance(outer, exp.Window) and part.arg_key != "this":
        return "WINDOW"
    if (isinstance(outer, exp.If) and part.arg_key == "this") or (
        isinstance(outer, exp.Case) and part.arg_key == "this"
    ):
        return "CONDITIONAL"
    if isinstance(outer, (exp.Filter, *_BY_ORDER)) and part.arg_key == "expression":
        return "CONDITIONAL"
    if isinstance(outer, exp.Ordered):  # the order of a window, or of the values of an aggregate
        return "WINDOW" if isinstance(outer.find_ancestor(exp.Window, exp.AggFunc), exp.Window) else "CONDITIONAL"
    if isinstance(outer, exp.AggFunc):
        return "AGGREGATION"
    return "IDENTITY" if isinstance(outer, _TRANSPARENT) else "TRANSFORMATION"


def _after(sources: Used, way: Kind) -> Used:
    """The sources of a column, after one more step."""
    return frozenset(SourceColumn(one.table, one.column, _combined(one.kind, way)) for one in sources)


def _combined(first: Kind, second: Kind) -> Kind:
    if first not in _DIRECT:
        return first
    return max(first, second, key=_DIRECT.index) if second in _DIRECT else second
