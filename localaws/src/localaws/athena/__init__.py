"""The Athena of the embedded AWS: Trino SQL over the Glue catalog, run by DuckDB (reads) and pyiceberg (writes).

Statement text -> `sql.parsing` -> `sql.compiler` (typed Trino expressions, DuckDB SQL) -> `engine` -> `results`.
What cannot be compiled with the same meaning is refused with an error that names it: a wrong answer is worse.
"""
