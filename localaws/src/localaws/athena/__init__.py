"""The Athena of the embedded AWS: Trino SQL over the Glue catalog, run by DuckDB (reads) and pyiceberg (writes).

Statement text -> `sql.parsing` -> `sql.compiler` (typed Trino expressions, DuckDB SQL) -> `engine` -> `results`.
What cannot be translated faithfully is refused by name. A wrong answer is worse than none.
"""
