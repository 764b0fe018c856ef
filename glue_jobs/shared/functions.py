"""The functions that contracts name: transforms of built tables, and preparations of dropped rows."""

from collections.abc import Callable
from importlib import import_module

from cartlake.engine import DataFrame
from cartlake.errors import TerminalError


def function_named(name: str, table: str) -> Callable[..., DataFrame]:
    """Find `<job>.<function>` below glue_jobs/. Raises TerminalError when it does not exist."""
    job, _, function = name.partition(".")
    try:
        found: Callable[..., DataFrame] = getattr(import_module(f"glue_jobs.{job}.transforms"), function)
    except (ImportError, AttributeError) as error:
        raise TerminalError(
            f"The contract of {table} names the function {name}, but glue_jobs/{job}/transforms.py has none: {error}"
        ) from error
    return found
