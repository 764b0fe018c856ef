"""Masks of personal data in views: the custom property `cartlake.mask` of a column with the tag `pii`."""

import re

from cartlake.contracts.errors import Faults
from cartlake.contracts.odcs import Property

MASK = "cartlake.mask"
_PREFIX = re.compile(r"prefix\((?P<letters>[1-9])\)")
_CHOICES = "redact (the default), domain, year, hash, or prefix(n) with n from 1 to 9"
_TRINO = {"date": "date", "string": "varchar"}


def mask_of(column: Property, chosen: object, where: str, faults: Faults) -> str:
    """Return SQL of the masked column, of the column's type; empty for a column without personal data.

    `redact` gives null, `domain` the domain of an e-mail address, `year` the first day of a date's year, `prefix(n)`
    the first n letters. `hash` gives SHA-256 in hexadecimal: equal values stay equal, so a guess can be confirmed. Null
    stays null.
    """
    if "pii" not in column.tags:
        if chosen is not None:
            faults.add(f"{where}.{MASK}", chosen, "only a column with the tag pii is masked")
        return ""
    # A mask has the type of its column, so that queries work on the view and the table alike.
    if column.physical_type not in _TRINO:
        faults.add(f"{where}.tags", "pii", f"there is no mask for a column of type {column.physical_type}")
        return ""
    return _sql(column, "redact" if chosen is None else str(chosen), where, faults)


def _sql(column: Property, chosen: str, where: str, faults: Faults) -> str:
    name, kind = column.name, _TRINO[column.physical_type]
    known = {"redact": f"cast(null as {kind})"}
    if kind == "date":
        known["year"] = f"cast(date_trunc('year', {name}) as date)"
    else:
        known["domain"] = f"'***@' || split_part({name}, '@', 2)"
        known["hash"] = f"lower(to_hex(sha256(to_utf8({name}))))"
        if prefix := _PREFIX.fullmatch(chosen):
            known[chosen] = f"substr({name}, 1, {prefix['letters']})"
    if chosen not in known:
        faults.add(f"{where}.{MASK}", chosen, f"choose {_CHOICES}; this column is a {column.physical_type}")
    return known.get(chosen, known["redact"])
