"""Check the columns of a file against the contract: the same for CSV headers, JSON keys and Parquet schemas.

Order does not matter. An optional column may be missing: a new optional column is a minor change of a contract, and
yesterday's producers do not send it yet. Everything else has to be there under its own name, and nothing besides.
"""

from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from lambdas.file_validator.content.refusal import Reason, RefusedError
from lambdas.file_validator.content.rules import FileRules

LIKENESS: Final = 0.6
"""difflib's ratio from which two names count as one name written differently."""

SHOWN: Final = 20
"""Names listed in a message; `details` holds them all."""


def check_columns(found: Sequence[str], rules: FileRules) -> None:
    """Raises RefusedError with the first of these reasons: repeated, renamed, missing, extra columns."""
    repeated = [name for name, times in Counter(found).items() if times > 1]
    if repeated:
        raise RefusedError(
            Reason.DUPLICATE_COLUMNS,
            f"Columns appear more than once: {_list(repeated)}. Keep one of each and drop the file again.",
            columns=repeated,
            found=list(found),
        )
    missing = [name for name in rules.required if name not in found]
    extra = [name for name in found if name not in rules.names]
    renamed = _renamed([name for name in rules.names if name not in found], extra)
    details = {"expected": rules.names, "found": list(found), "missing": missing, "extra": extra, "renamed": renamed}
    where = f"contract {rules.dataset} {rules.contract_version}"
    if renamed and set(missing) <= set(renamed.values()):
        pairs = _list([f"{name} is probably {known}" for name, known in renamed.items()])
        raise RefusedError(
            Reason.RENAMED_COLUMNS, f"The file has columns the {where} does not know: {pairs}. Rename them.", **details
        )
    if missing:
        raise RefusedError(
            Reason.MISSING_COLUMNS,
            f"The file lacks columns the {where} requires: {_list(missing)}.{_likely(renamed)}"
            " Add them and drop the file again.",
            **details,
        )
    if extra:
        raise RefusedError(
            Reason.EXTRA_COLUMNS,
            f"The file has columns the {where} does not know: {_list(extra)}."
            " Remove them, or add them to the contract first.",
            **details,
        )


def _renamed(absent: Sequence[str], extra: Sequence[str]) -> dict[str, str]:
    """Pair each unknown name with the absent column it resembles most; a column is paired once."""
    free, pairs = list(absent), {}
    for name in extra:
        plain = {known.lower(): known for known in free}
        close = get_close_matches(name.strip().lower().replace(" ", "_"), plain, n=1, cutoff=LIKENESS)
        if close:
            pairs[name] = plain[close[0]]
            free.remove(plain[close[0]])
    return pairs


def _likely(renamed: dict[str, str]) -> str:
    return "".join(f" {name} is probably {known}." for name, known in list(renamed.items())[:SHOWN])


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(name or "'' (no name)" for name in names[:SHOWN]) + more
