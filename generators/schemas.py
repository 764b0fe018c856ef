"""Arrow schemas of the generated files, read from the contracts: the columns of a dropped file, in file order."""

import re
from functools import lru_cache
from typing import Final

import pyarrow as pa

from cartlake import contracts

DATASETS: Final = ("customers", "vendors", "products", "fx_rates", "transactions", "clickstream", "reviews")
"""The datasets that can be generated, those that others refer to first."""

DECIMAL: Final = re.compile(r"decimal\((\d+),(\d+)\)")
ARROW_TYPES: Final = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


@lru_cache(maxsize=len(DATASETS))
def schema_of(dataset: str) -> pa.Schema:
    """The columns of a file of this dataset with their Arrow types; columns that the lake adds itself are left out.

    Raises `cartlake.contracts.ContractError` when there is no such contract, ValueError for a type no file can hold.
    """
    return pa.schema([(column.name, arrow_type(column.type)) for column in contracts.load(dataset).table.file_columns])


def arrow_type(name: str) -> pa.DataType:
    """The Arrow type of a contract's type, for example `decimal(12,2)`. Raises ValueError for an unknown one."""
    if decimal := DECIMAL.fullmatch(name):
        return pa.decimal128(int(decimal[1]), int(decimal[2]))
    if name not in ARROW_TYPES:
        raise ValueError(f"The generators cannot write the type {name!r}: add it to ARROW_TYPES in {__name__}.")
    return ARROW_TYPES[name]


def shown_as_text(kind: pa.DataType) -> bool:
    """Whether JSON writes values of this type in quotes: texts, dates and times, but not numbers and flags."""
    return bool(pa.types.is_string(kind) or pa.types.is_date(kind) or pa.types.is_timestamp(kind))
