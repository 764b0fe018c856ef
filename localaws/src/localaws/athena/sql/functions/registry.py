"""Declares functions: by a line of a table when a template is enough, else by a handler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localaws.athena.errors import AthenaError, UnsupportedSqlError
from localaws.athena.sql.coercion import can_coerce
from localaws.athena.sql.expressions import casts
from localaws.athena.sql.scope import Scope, Typed
from localaws.athena.trino_types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DAY_SECOND,
    DOUBLE,
    INTEGER,
    JSON,
    REAL,
    TIMESTAMP_TZ,
    VARBINARY,
    VARCHAR,
    TrinoType,
    array,
    decimal,
    map_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlglot import exp

    from localaws.athena.sql.interface import ExpressionCompiler

    Handler = Callable[["Invocation"], Typed]

TYPES = {
    "bigint": BIGINT,
    "integer": INTEGER,
    "double": DOUBLE,
    "varchar": VARCHAR,
    "varbinary": VARBINARY,
    "boolean": BOOLEAN,
    "json": JSON,
    "date": DATE,
    "timestamptz": TIMESTAMP_TZ,
    "real": REAL,
    "varchars": array(VARCHAR),
    "doubles": array(DOUBLE),
    "weights": map_of(VARCHAR, DOUBLE),
    "varchar_map": map_of(VARCHAR, VARCHAR),
    "varchars_map": map_of(VARCHAR, array(VARCHAR)),
    "uuid": TrinoType("uuid"),
    "daysecond": DAY_SECOND,
    "decimal38": decimal(38, 0),
}


@dataclass(frozen=True)
class Invocation:
    """One call: its name, its argument nodes, and the compiler and scope for them."""

    compiler: ExpressionCompiler
    scope: Scope
    name: str
    nodes: Sequence[exp.Expr]

    def value(self, index: int) -> Typed:
        """Compile one argument, by its index from 0."""
        return self.compiler.expression(self.nodes[index], self.scope)

    def value_of_type(self, index: int, *names: str) -> Typed:
        """Compile one argument. Raises AthenaError FUNCTION_NOT_FOUND unless the name of its type is one of `names`."""
        value = self.value(index)
        if value.type.name not in names:
            raise self.mismatch([value])
        return value

    def values(self) -> list[Typed]:
        """Compile all arguments."""
        return [self.value(i) for i in range(len(self.nodes))]

    def text(self, index: int) -> str:
        """Return the text of a literal argument. Raises UnsupportedSqlError for a computed one."""
        constant = self.value(index).constant
        if constant is None:
            raise UnsupportedSqlError(f"Function {self.name} with an argument {index + 1} that is not a literal")
        return constant

    def arity(self, *allowed: int) -> None:
        """Raise AthenaError FUNCTION_NOT_FOUND unless the call has one of these numbers of arguments."""
        if len(self.nodes) not in allowed:
            raise self.mismatch()

    def mismatch(self, found: Sequence[Typed] | None = None) -> AthenaError:
        """Return the error for arguments that this function does not take."""
        kinds = ", ".join(str(v.type) for v in found) if found is not None else f"{len(self.nodes)} arguments"
        return AthenaError("FUNCTION_NOT_FOUND", f"Unexpected parameters ({kinds}) for function {self.name}")

    def lambda_body(self, index: int, parameters: Sequence[Typed]) -> Typed:
        """Compile a lambda's body, with the given expressions as its parameters."""
        node = self.nodes[index]
        names = [p.name.lower() for p in node.expressions]
        if type(node).__name__ != "Lambda" or len(names) != len(parameters):
            raise self.mismatch()
        inner = self.scope.with_variables(dict(zip(names, parameters, strict=True)))
        return self.compiler.expression(node.this, inner)

    def fresh(self) -> str:
        """Return a name that is used nowhere else in this statement."""
        return self.compiler.fresh("v")


@dataclass(frozen=True)
class Signature:
    """Parameter types, result type and DuckDB template of one overload; `{0}` is the first argument."""

    parameters: tuple[TrinoType, ...]
    returns: TrinoType
    template: str


def declare(table: str) -> dict[str, Handler]:
    """Return the handlers of lines `name(type, type) -> type := template`. Each overload has a line of its own."""
    overloads: dict[str, list[Signature]] = {}
    for line in filter(None, (part.strip() for part in table.splitlines())):
        head, template = line.split(" := ", 1)
        call, returns = head.split(" -> ")
        name, parameters = call.rstrip(")").split("(")
        kinds = tuple(TYPES[p.strip()] for p in parameters.split(",") if p.strip())
        overloads.setdefault(name, []).append(Signature(kinds, TYPES[returns.strip()], template))
    return {name: _by_signature(signatures) for name, signatures in overloads.items()}


def _by_signature(signatures: list[Signature]) -> Handler:
    def handle(call: Invocation) -> Typed:
        values = call.values()
        # The first overload that accepts the types is called, in the order of the table.
        for signature in signatures:
            if len(values) == len(signature.parameters) and all(
                can_coerce(v.type, p) for v, p in zip(values, signature.parameters, strict=True)
            ):
                arguments = [casts.coerce(v, p).sql for v, p in zip(values, signature.parameters, strict=True)]
                return Typed(signature.template.format(*arguments), signature.returns)
        raise call.mismatch(values)

    return handle
