"""Find the functions that contracts name: transforms of built tables, and preparations of dropped rows."""

from collections.abc import Callable
from importlib import import_module
from inspect import signature

from cartlake.contracts import Table
from cartlake.engine import DataFrame
from cartlake.errors import TerminalError


def function_named(name: str, table: str) -> Callable[..., DataFrame]:
    """Return the function that the contract of `table` names as `<module>.<function>` below glue_jobs/transforms/.

    Raises TerminalError when there is no such module or function.
    """
    module, _, function = name.rpartition(".")
    try:
        found: Callable[..., DataFrame] = getattr(import_module(f"glue_jobs.transforms.{module}"), function)
    except (ImportError, AttributeError) as error:
        raise TerminalError(
            f"The contract of {table} names the function {name}, but there is none of that name in "
            f"glue_jobs/transforms/{module.replace('.', '/')}.py: {error}"
        ) from error
    return found


def currency_fault(transform: Callable[..., DataFrame], table: Table) -> str | None:
    """Return what is wrong where `cartlake.build.currency` of a table and its transform do not agree, else None."""
    build = table.build
    if build is None or ("currency" in signature(transform).parameters) == (build.currency is not None):
        return None
    if build.currency is None:
        return (
            f"{build.transform} converts amounts, and the contract of {table.physical_name} does not say to what: "
            "write `currency: EUR`, or another, in its cartlake.build."
        )
    return (
        f"The contract of {table.physical_name} has cartlake.build.currency = {build.currency!r}, but "
        f"{build.transform} takes no currency: leave it out. The transform that converts amounts has it."
    )


def prepared(conformed: DataFrame, table: Table) -> DataFrame:
    """Return the rows after the function the contract names as `cartlake.prepare`; unchanged when it names none.

    Raises TerminalError when there is no such function.
    """
    if table.prepare is None:
        return conformed
    return function_named(table.prepare, table.physical_name)(conformed)
