"""Check the columns of a file against the contract: the same for CSV headers, JSON keys and Parquet schemas.

Order does not matter. An optional column may be missing: a new optional column is a minor change of a contract, and
yesterday's producers do not send it yet. Everything else has to be there under its own name, and nothing besides unless
the contract ignores or keeps unknown columns.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Final

from cartlake.contracts.names import column_of, plain
from lambdas.file_validator.content.refusal import Reason, RefusedError
from lambdas.file_validator.content.rules import FileRules

LIKENESS: Final = 0.6
"""difflib's ratio from which two names count as one name written differently."""

PLAIN: Final = re.compile(r"[!-~]+")
"""Matches a name whose characters can all be seen."""

SHOWN: Final = 20
"""Names listed in a message; `details` holds them all."""


def columns_called(written: Sequence[str], rules: FileRules) -> list[str]:
    """Return the column that each name of a file stands for; a name of no column as it is.

    Raises RefusedError for a column that is there twice, under whatever names.
    """
    found = [rules.column_of(name) for name in written]
    repeated = [name for name, times in Counter(found).items() if times > 1]
    if repeated:
        names = [name for name, column in zip(written, found, strict=True) if column in repeated and name != column]
        under = f" They are called {_list(names)} too." if names else ""
        raise RefusedError(
            Reason.DUPLICATE_COLUMNS,
            f"Columns appear more than once: {_list(repeated)}.{under} Keep one of each and drop the file again.",
            columns=repeated,
            found=list(written),
        )
    return found


def check_columns(found: Sequence[str], rules: FileRules) -> None:
    """Raises RefusedError with the first of these reasons: columns no file has, renamed, missing, extra ones."""
    _refuse_absent([name for name in found if name in rules.absent], rules)
    columns = {rules.base_of(name) for name in found}
    missing = [name for name in rules.required if name not in columns]
    extra = [name for name in found if rules.base_of(name) not in rules.names]
    renamed = _renamed([name for name in rules.names if name not in columns], extra, rules)
    details = {"expected": rules.names, "found": list(found), "missing": missing, "extra": extra, "renamed": renamed}
    where = f"contract {rules.dataset} {rules.contract_version}"
    if renamed and (missing or rules.refuses_unknown) and set(missing) <= set(renamed.values()):
        pairs = _list([f"{_shown(name)} is probably {known}" for name, known in renamed.items()], shown=str)
        raise RefusedError(
            Reason.RENAMED_COLUMNS,
            f"The file has columns the {where} does not know: {pairs}. Rename them, or have the contract take them"
            " (cartlake.aliases of a column, names of cartlake.file).",
            **details,
        )
    if missing:
        raise RefusedError(
            Reason.MISSING_COLUMNS,
            f"The file lacks columns the {where} requires: {_list(missing)}.{_likely(renamed)}{_others(extra, renamed)}"
            " Add them and drop the file again.",
            **details,
        )
    if extra and rules.refuses_unknown:
        raise RefusedError(
            Reason.EXTRA_COLUMNS,
            f"The file has columns the {where} does not know: {_list(extra)}. Remove them, or add them to the contract"
            " first; `cartlake.unknownColumns: ignore` or `keep` in it lets them pass.",
            **details,
        )


def _refuse_absent(found: Sequence[str], rules: FileRules) -> None:
    """Refuse columns whose values would be lost: the contract says itself what is in them."""
    if found:
        raise RefusedError(
            Reason.EXTRA_COLUMNS,
            f"The file has columns that the contract {rules.dataset} {rules.contract_version} fills itself:"
            f" {_list(found)}. Remove them or give them other names, or correct cartlake.constant, cartlake.fillDown"
            " or cartlake.unpivot in the contract.",
            extra=list(found),
            found=list(found),
        )


def _renamed(absent: Sequence[str], extra: Sequence[str], rules: FileRules) -> dict[str, str]:
    """Pair each unknown name with the absent column it resembles most; a column is paired once."""
    free, pairs = list(absent), {}
    for name in extra:
        same = column_of(name, rules.written, loose=True)
        close = [same] if same in free else get_close_matches(plain(name), free, n=1, cutoff=LIKENESS)
        if close:
            pairs[name] = close[0]
            free.remove(close[0])
    return pairs


def _likely(renamed: dict[str, str]) -> str:
    return "".join(f" {_shown(name)} is probably {known}." for name, known in list(renamed.items())[:SHOWN])


def _others(extra: Sequence[str], renamed: dict[str, str]) -> str:
    others = [name for name in extra if name not in renamed]
    return f" It has columns the contract does not know: {_list(others)}." if others else ""


def _shown(name: str) -> str:
    """Return a name as it is; in quotes where characters would not be seen, such as spaces and byte order marks."""
    if not name:
        return "'' (no name)"
    return name if PLAIN.fullmatch(name) else ascii(name)


def _list(names: Sequence[str], shown: Callable[[str], str] = _shown) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(map(shown, names[:SHOWN])) + more
