"""Data contracts: ODCS files read into typed models, and the schemas and rules derived from them.

`load("transactions")` returns a `Contract`; `schemas` derives Spark and Iceberg schemas from its tables. Reading a
contract imports only pydantic and PyYAML, because Lambdas do it at every cold start.
"""

from cartlake.contracts.custom_properties.maintenance import Maintenance
from cartlake.contracts.defaults import RECEIVED_AT
from cartlake.contracts.errors import ContractError, Fault, UnknownDatasetError
from cartlake.contracts.loading import all_names, load, load_all, names, parse
from cartlake.contracts.model import (
    LIGHT_TRANSFORMS,
    Column,
    Contract,
    EngineWish,
    PartitionField,
    Reference,
    RowRule,
    Table,
)
from cartlake.contracts.odcs import CsvOptions, FileOptions
from cartlake.contracts.rules.table_rules import Measurement, TableRule, Threshold, measurements
from cartlake.contracts.schemas import (
    iceberg_ddl,
    iceberg_partition_spec,
    iceberg_schema,
    raw_schema,
    spark_schema_ddl,
)

__all__ = [
    "LIGHT_TRANSFORMS",
    "RECEIVED_AT",
    "Column",
    "Contract",
    "ContractError",
    "CsvOptions",
    "EngineWish",
    "Fault",
    "FileOptions",
    "Maintenance",
    "Measurement",
    "PartitionField",
    "Reference",
    "RowRule",
    "Table",
    "TableRule",
    "Threshold",
    "UnknownDatasetError",
    "all_names",
    "iceberg_ddl",
    "iceberg_partition_spec",
    "iceberg_schema",
    "load",
    "load_all",
    "measurements",
    "names",
    "parse",
    "raw_schema",
    "spark_schema_ddl",
]
