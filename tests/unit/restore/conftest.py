"""A table of `processed.sales` in a local folder, with Glue answered by moto."""

from tests.unit.migrations.conftest import catalog, placement, rows, sales, write

__all__ = ["catalog", "placement", "rows", "sales", "write"]
