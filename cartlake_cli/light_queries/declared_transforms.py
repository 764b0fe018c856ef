"""Whether the transforms that contracts name take what contracts give them. Only a checkout has transforms."""

from cartlake.contracts import Contract, Table
from cartlake.errors import TerminalError


def check_transforms(contract: Contract) -> None:
    """Raise TerminalError for a reporting currency that a transform does not take, or needs and is not given.

    A transform that is not there is not checked: an installed package has none.
    """
    faults = [fault for table in contract.tables if (fault := _fault(table))]
    if faults:
        raise TerminalError(" ".join(faults))


def _fault(table: Table) -> str | None:
    build = table.build
    if build is None or build.workflow == "forecast":
        return None
    try:
        from glue_jobs.shared.functions import currency_fault, function_named  # noqa: PLC0415 - only checkouts have it

        transform = function_named(build.transform, table.physical_name)
    except (ImportError, TerminalError):
        return None
    return currency_fault(transform, table)
