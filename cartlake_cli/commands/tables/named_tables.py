"""Tables as people name them, with or without the database, and the run that is writing one."""

from cartlake import contracts
from cartlake.contracts import Contract, Table
from cartlake.ledger import Lock
from cartlake.maintenance.documents import owner_of
from cartlake_cli.context import Lake
from cartlake_cli.errors import NotFoundError
from cartlake_cli.migrations.placement import Placement

AS_NAMED = Placement({}, {})


def named_table(name: str, where: Placement = AS_NAMED) -> tuple[Contract, Table]:
    """The one table of this name, of the contracts or of the environment. Raises NotFoundError naming those known."""
    tables = {table.physical_name: (contract, table) for contract in contracts.load_all() for table in contract.tables}
    found = [
        pair
        for full, pair in tables.items()
        if name in (full, full.partition(".")[2], ".".join(where.identifier(pair[1])))
    ]
    if len(found) != 1:
        raise NotFoundError(f"There is no table {name!r}. There are: {', '.join(sorted(tables))}.")
    return found[0]


def lock_on(lake: Lake, contract: Contract, table: Table) -> Lock | None:
    """Who may be writing the table now."""
    owner = owner_of(contract, table)
    return lake.ledger.locks.get(owner) if owner else None
