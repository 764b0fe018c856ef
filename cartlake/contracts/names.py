"""What files call the columns of a contract.

properties:
  - name: product_id
    physicalName: Product ID             # what files call it, beside its own name
    customProperties:
      - property: cartlake.aliases
        value: [SKU, Artikelnummer]      # other names; one needs no list

With `names: loose` in `cartlake.file`, case, spaces, dashes, dots and letters that cannot be seen make no difference.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from cartlake.contracts.errors import Faults

ALIASES: Final = "cartlake.aliases"
UNUSABLE: Final = re.compile(r'["\\\x00-\x1f]')
"""Characters that JSON writes in other ways, so that a key could not be compared as it is written."""
_BETWEEN_WORDS: Final = re.compile(r"[\s_.-]+")


def plain(name: str) -> str:
    """Return a name as those who do not mind spelling read it: `\ufeffProduct ID\u00a0` is `product_id`."""
    seen = "".join(letter for letter in unicodedata.normalize("NFKC", name) if unicodedata.category(letter) != "Cf")
    return _BETWEEN_WORDS.sub("_", seen).strip("_").casefold()


def column_of(name: str, written: Mapping[str, str], *, loose: bool) -> str | None:
    """Return the column that a file calls `name`, None for no column. `written` has columns by all of their names."""
    if name in written or not loose:
        return written.get(name)
    # Two columns whose names differ only in spelling have no loose names.
    found = {column for known, column in written.items() if plain(known) == plain(name)}
    return found.pop() if len(found) == 1 else None


def written_names(columns: Iterable[tuple[str, Iterable[str]]]) -> dict[str, str]:
    """Return the columns by all names that files may give them. `columns` are names with their aliases."""
    columns = list(columns)
    return {alias: name for name, aliases in columns for alias in aliases} | {name: name for name, _ in columns}


def aliases_of(physical_name: str | None, custom: Mapping[str, Any], where: str, faults: Faults) -> tuple[str, ...]:
    """Return the names that files may give a column beside its own."""
    value = custom.get(ALIASES, [])
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(name, str) and name for name in listed):
        faults.add(f"{where}.{ALIASES}", value, "write the name that files give the column, or a list of them")
        return ()
    found = tuple(dict.fromkeys([*([physical_name] if physical_name else []), *listed]))
    for name in found:
        if UNUSABLE.search(name) or name.startswith("_"):
            advice = "use no quote, backslash or control character, and no underscore first: that is for metadata"
            faults.add(f"{where}.{ALIASES}", name, advice)
    return found


def check_aliases(columns: Iterable[tuple[str, tuple[str, ...]]], where: str, faults: Faults) -> None:
    """Add a fault for every alias that is also a name of another column. `columns` are names with their aliases."""
    columns = list(columns)
    for name, alias in _pairs(columns):
        others = [one for one, aliases in columns if one != name and alias in (one, *aliases)]
        if others:
            advice = f"is a name of {others[0]} too; leave it out of one of them"
            faults.add(f"{where}.{name}.{ALIASES}", alias, advice)


def _pairs(columns: Iterable[tuple[str, tuple[str, ...]]]) -> Iterator[tuple[str, str]]:
    return ((name, alias) for name, aliases in columns for alias in aliases)
