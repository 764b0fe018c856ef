"""What a caller asks for, found with the rights of the caller's role, and as the API says it."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from cartlake.contracts import Table
from cartlake.ledger import RunRecord
from cartlake.queries.named_queries import NamedQuery
from cartlake.queries.rights import may_read, rights_of
from cartlake.times import stamp
from lambdas.api_handler import deployed, domain, models, records
from lambdas.api_handler.adapters import RoleClients, as_role
from lambdas.api_handler.domain import READS_LEDGER, Caller, TableVersion
from lambdas.api_handler.problems import unknown


@cache
def runnable(role: str) -> dict[str, NamedQuery]:
    """Return the named queries that a role may run, by name."""
    return domain.runnable(deployed.named_queries(), deployed.views(), _tables(), role)


def named_query(caller: Caller, name: str) -> NamedQuery:
    """Return a named query. Raises Problem where there is none, or none that the caller's role may run."""
    found = runnable(caller.role()).get(name)
    if found is None:
        raise unknown("unknown-query", "The role runs no query of this name; GET /v1/queries lists those it runs.")
    return found


def query_said(query: NamedQuery) -> dict[str, Any]:
    """Return the members of `QueryInfo`."""
    parameters = [models.ParameterInfo(name=one.name, type=one.kind, default=one.default) for one in query.parameters]
    return {"name": query.name, "answers": query.about, "grain": query.grain, "parameters": parameters}


def versions_read(role: RoleClients, query: NamedQuery) -> list[TableVersion] | None:
    """Return the versions that a query would read now; None where they do not decide what it answers."""
    needed = domain.versions_needed(query, deployed.views(), _tables())
    return None if needed is None else deployed.versions(role, needed)


def name_of(caller: Caller, sql: str) -> str | None:
    """Return the name of the query with this text, None where it is none that the caller's role may run."""
    return _by_text(caller.role()).get(" ".join(sql.split()))


@cache
def _by_text(role: str) -> dict[str, str]:
    return {" ".join(query.sql.split()): name for name, query in runnable(role).items()}


def tables_said(caller: Caller, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the members of `TableInfo` of each table. Versions are asked for only where the role reads the rows."""
    role, known = caller.role(), deployed.tables()
    readable = [name for name in names if may_read(role, known[name][1])]
    found = {one.table: one for one in deployed.versions(as_role(role), readable)}
    instead = _instead(role)
    return [
        {
            "name": name,
            "grain": known[name][1].grain,
            "contract_version": known[name][0].version,
            "readable": name in readable,
            "instead": instead.get(name),
            **_version_said(found.get(name)),
        }
        for name in names
    ]


def _version_said(version: TableVersion | None) -> dict[str, str | None]:
    changed_at = version.changed_at if version else None
    return {
        "snapshot_id": version.snapshot_id if version else None,
        "changed_at": stamp(changed_at) if changed_at else None,
    }


@cache
def _instead(role: str) -> dict[str, str | None]:
    return {right.table: right.instead for right in rights_of((one for one, _ in deployed.tables().values()), (role,))}


def _tables() -> list[Table]:
    return [table for _, table in deployed.tables().values()]


def reading_ledger(caller: Caller) -> RoleClients:
    """Return AWS as a role that reads the ledger. Raises Problem where the caller has none."""
    return as_role(caller.role(READS_LEDGER))


def runs(caller: Caller, subject: str | None, cursor: str | None, limit: int) -> tuple[list[RunRecord], str | None]:
    """Return a page of runs, and the cursor of the next. Raises Problem for a cursor that this API did not give."""
    role = reading_ledger(caller)
    return records.runs(role, subject, limit, domain.read_cursor(cursor) if cursor else None)


def run(caller: Caller, run_id: str) -> RunRecord:
    """Return a run. Raises Problem where it is not recorded."""
    found = records.run(reading_ledger(caller), run_id)
    if found is None:
        raise unknown("unknown-run", "There is no run of this id; GET /v1/runs lists them.")
    return found


def run_said(run: RunRecord) -> models.Run:
    """Return a run as the API says it: without the cause of a failure, which may have values of rows."""
    return models.Run(
        id=run.run_id,
        subject=run.subject,
        state=run.state.value,
        started_at=run.started_at,
        ended_at=run.ended_at,
        files=run.files,
        counts=models.Counts(**run.counts.model_dump()) if run.counts else None,
        engine=run.engine.engine if run.engine else None,
        cost_usd=run.cost_usd,
    )


def refused_said(run: RunRecord) -> dict[str, Any]:
    """Return the members of `Quarantined`."""
    rows = run.counts.quarantined if run.counts else 0
    return {"run_id": run.run_id, "dataset": run.subject, "at": run.started_at, "rows": rows}
