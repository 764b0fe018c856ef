"""PREPARE, EXECUTE and DEALLOCATE: prepared statements of a workgroup, as MiniStack keeps them."""

from __future__ import annotations

import re

from ministack.services import athena

from localaws.athena.ddl.text import split_top
from localaws.athena.errors import AthenaError
from localaws.athena.sql.parser import parsing

# ruff: noqa: SLF001 -- MiniStack has no other interface

_NAME = r"\"?(\w+)\"?"
_PREPARE = re.compile(rf"PREPARE\s+{_NAME}\s+FROM\s+(.*)", re.IGNORECASE | re.DOTALL)
_DEALLOCATE = re.compile(rf"DEALLOCATE\s+PREPARE\s+{_NAME}", re.IGNORECASE)
_EXECUTE = re.compile(rf"EXECUTE\s+{_NAME}(?:\s+USING\s+(.*))?", re.IGNORECASE | re.DOTALL)


def prepare_or_deallocate(workgroup: str, sql: str) -> bool:
    """Run PREPARE or DEALLOCATE. Returns False for any other statement.

    Raises AthenaError NOT_FOUND when DEALLOCATE names no prepared statement.
    """
    if (matched := _PREPARE.fullmatch(sql)) is not None:
        _prepare(workgroup, matched[1], matched[2])
    elif (matched := _DEALLOCATE.fullmatch(sql)) is not None:
        _deallocate(workgroup, matched[1])
    else:
        return False
    return True


def resolve_execute(workgroup: str, sql: str, parameters: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Return the statement that EXECUTE names, with the parameters of its USING; any other statement as it is.

    Raises AthenaError NOT_FOUND when it names no prepared statement.
    """
    matched = _EXECUTE.fullmatch(sql)
    if matched is None:
        return sql, parameters
    stored = athena._prepared_statements.get(f"{workgroup}/{matched[1]}")
    if stored is None:
        raise AthenaError("NOT_FOUND", f"Prepared statement not found: {matched[1]}")
    if matched[2]:
        parameters = tuple(split_top(matched[2]))
    return parsing.bare(stored["QueryStatement"]), parameters


def _prepare(workgroup: str, name: str, sql: str) -> None:
    athena._prepared_statements.pop(f"{workgroup}/{name}", None)
    athena._create_prepared_statement({"StatementName": name, "WorkGroup": workgroup, "QueryStatement": sql})


def _deallocate(workgroup: str, name: str) -> None:
    if athena._prepared_statements.pop(f"{workgroup}/{name}", None) is None:
        raise AthenaError("NOT_FOUND", f"Prepared statement not found: {name}")
