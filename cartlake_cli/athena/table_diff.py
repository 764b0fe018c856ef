"""SQL for Athena that compares two versions of a table by primary key: rows added, removed and changed."""

# ruff: noqa: S608 - table names and columns are those of contracts, versions are numbers

from collections.abc import Sequence
from typing import Final

from cartlake.contracts import Table

EXAMPLES: Final = 20


def count_sql(table: Table, name: str, columns: Sequence[str], before: int, after: int) -> str:
    """Return SQL of a row per kind of change: `change` varchar (added, changed, removed) and `rows` bigint."""
    return (
        f"{_compared(table, name, columns, before, after)}\n"
        'select change, count(*) as "rows" from compared group by change order by change'
    )


def examples_sql(table: Table, name: str, columns: Sequence[str], before: int, after: int) -> str:
    """Return SQL of at most 20 rows that differ: `change`, the primary key, `changed_columns` separated by commas."""
    keys = ", ".join(table.primary_key)
    return (
        f"{_compared(table, name, columns, before, after)}\n"
        f"select change, {keys}, changed_columns from compared order by change, {keys} limit {EXAMPLES}"
    )


def _compared(table: Table, name: str, columns: Sequence[str], before: int, after: int) -> str:
    """Return what both queries share. `columns` has none the lake adds, so a row written again has not changed."""
    keys = table.primary_key
    values = [column for column in columns if column not in keys]
    listed = ", ".join([*keys, *values])
    same = " and ".join(f"older.{key} = newer.{key}" for key in keys)
    either = ", ".join(f"coalesce(newer.{key}, older.{key}) as {key}" for key in keys)
    # `<>` is null for a null, and a value that became null would not be a change.
    differs = {column: f"older.{column} is distinct from newer.{column}" for column in values}
    changed = ", ".join(f"case when {condition} then '{column}' end" for column, condition in differs.items())
    changed_columns = f"array_join(array[{changed}], ', ')" if changed else "''"
    any_change = " or ".join(differs.values()) or "false"
    return (
        f"with older as (select {listed} from {name} for version as of {before}),\n"
        f"newer as (select {listed} from {name} for version as of {after}),\n"
        "compared as (\n"
        f"  select case when older.{keys[0]} is null then 'added' when newer.{keys[0]} is null then 'removed' "
        f"else 'changed' end as change, {either},\n"
        f"    case when older.{keys[0]} is not null and newer.{keys[0]} is not null then {changed_columns} end "
        "as changed_columns\n"
        f"  from older full outer join newer on {same}\n"
        f"  where older.{keys[0]} is null or newer.{keys[0]} is null or {any_change}\n"
        ")"
    )
