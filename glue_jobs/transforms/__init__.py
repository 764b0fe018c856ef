"""The transforms by subject: pure functions from rows to rows, which run on Spark and on DuckDB.

A contract names one as `<module>.<function>`, e.g. `sales.sales_weekly`, the function sales_weekly of sales.py; one in
a package as `<package>.<module>.<function>`. Nothing here reads, writes or uses the clock. A transform returns the
columns of the table that is named like it; their types and meaning stand in its contract.
"""
