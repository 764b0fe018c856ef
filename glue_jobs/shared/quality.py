"""The table ops.quality_results: what each rule measured, in each run."""

from typing import Final

QUALITY_SCHEMA: Final = (
    "run_id string, dataset string, table_name string, rule string, severity string, value double, "
    "measured_at timestamp"
)
