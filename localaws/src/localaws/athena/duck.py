"""Opens the DuckDB instance of an engine: extensions from PyPI, settings, and Trino's functions as macros."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from duckdb.func import FunctionNullHandling

from localaws.athena.results import java_double
from localaws.athena.scalar.numbers import double_text
from localaws.athena.scalar.registry import scalar_functions
from localaws.athena.trino_types import literal
from localaws.settings import load

if TYPE_CHECKING:
    from urllib.parse import SplitResult

_EXTENSIONS = ("httpfs", "avro", "iceberg")
# A cursor does not inherit what was SET on its parent.
_SESSION = (
    "SET TimeZone = 'UTC'",
    "SET default_null_order = 'nulls_last'",
    "SET scalar_subquery_error_on_multiple_rows = true",
    "SET enable_progress_bar = false",
    "SET enable_profiling = 'no_output'",
)
_MACROS = r"""
athena_day_second(i) := CASE WHEN epoch(i) < 0 THEN '-' ELSE '' END || CAST(CAST(floor(abs(epoch(i)) / 86400) AS BIGINT) AS VARCHAR) || ' ' || strftime(TIMESTAMP '2000-01-01' + to_microseconds(CAST(round(abs(epoch(i)) * 1000) AS BIGINT) % 86400000 * 1000), '%H:%M:%S.%g')
athena_year_month(i) := CASE WHEN date_part('year', i) * 12 + date_part('month', i) < 0 THEN '-' ELSE '' END || CAST(abs(date_part('year', i) * 12 + date_part('month', i)) // 12 AS VARCHAR) || '-' || CAST(abs(date_part('year', i) * 12 + date_part('month', i)) % 12 AS VARCHAR)
trino_spaces() := chr(32) || chr(9) || chr(10) || chr(11) || chr(12) || chr(13)
trino_divide_half_up(a, b) := CASE WHEN (a < 0) = (b < 0) THEN (2 * abs(a) + abs(b)) // (2 * abs(b)) ELSE -((2 * abs(a) + abs(b)) // (2 * abs(b))) END
trino_whole_day(t) := CASE WHEN t = date_trunc('day', t) THEN CAST(t AS DATE) ELSE error('INVALID_FUNCTION_ARGUMENT: Cannot add hour, minutes or seconds to a date') END
trino_array_at(a, i) := CASE WHEN i < 1 THEN error('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1') WHEN i > len(a) THEN error('INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: ' || i || ' > ' || len(a)) ELSE a[i] END
trino_map_at(m, k) := CASE WHEN m IS NOT NULL AND NOT map_contains(m, k) THEN error('INVALID_FUNCTION_ARGUMENT: Key not present in map: ' || k) ELSE m[k] END
trino_element_at(a, i) := CASE WHEN i = 0 THEN error('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1') ELSE a[i] END
trino_substr(s, p) := CASE WHEN p = 0 OR abs(p) > length(s) THEN CASE WHEN s IS NOT NULL THEN '' END ELSE substring(s, p) END
trino_substr_n(s, p, n) := CASE WHEN p = 0 OR abs(p) > length(s) OR n <= 0 THEN CASE WHEN s IS NOT NULL THEN '' END ELSE substring(s, p, n) END
trino_sqrt(x) := CASE WHEN x < 0 THEN CAST('nan' AS DOUBLE) ELSE sqrt(x) END
trino_ln(x) := CASE WHEN x < 0 THEN CAST('nan' AS DOUBLE) WHEN x = 0 THEN CAST('-infinity' AS DOUBLE) ELSE ln(x) END
trino_log2(x) := CASE WHEN x < 0 THEN CAST('nan' AS DOUBLE) WHEN x = 0 THEN CAST('-infinity' AS DOUBLE) ELSE log2(x) END
trino_log10(x) := CASE WHEN x < 0 THEN CAST('nan' AS DOUBLE) WHEN x = 0 THEN CAST('-infinity' AS DOUBLE) ELSE log10(x) END
trino_acos(x) := CASE WHEN abs(x) > 1 THEN CAST('nan' AS DOUBLE) ELSE acos(x) END
trino_asin(x) := CASE WHEN abs(x) > 1 THEN CAST('nan' AS DOUBLE) ELSE asin(x) END
trino_sin(x) := CASE WHEN isinf(x) THEN CAST('nan' AS DOUBLE) ELSE sin(x) END
trino_cos(x) := CASE WHEN isinf(x) THEN CAST('nan' AS DOUBLE) ELSE cos(x) END
trino_tan(x) := CASE WHEN isinf(x) THEN CAST('nan' AS DOUBLE) ELSE tan(x) END
trino_split_part(s, d, i) := CASE WHEN i < 1 THEN error('INVALID_FUNCTION_ARGUMENT: Index must be greater than zero') WHEN i <= len(str_split(s, d)) THEN split_part(s, d, i) END
trino_millisecond(t) := millisecond(t) % 1000
trino_array_equal(a, b) := CASE WHEN a IS NULL OR b IS NULL THEN NULL WHEN len(a) <> len(b) THEN false WHEN list_contains(list_transform(a, LAMBDA x, i : x <> b[i]), true) THEN false WHEN len(list_filter(list_transform(a, LAMBDA x, i : x <> b[i]), LAMBDA y : y IS NULL)) > 0 THEN NULL ELSE true END
trino_contains(a, e) := CASE WHEN a IS NULL OR e IS NULL THEN NULL WHEN list_contains(a, e) THEN true WHEN len(list_filter(a, LAMBDA x : x IS NULL)) > 0 THEN NULL ELSE false END
trino_array_distinct(a) := list_filter(a, LAMBDA x, i : CASE WHEN x IS NULL THEN len(list_filter(a[1:i], LAMBDA y : y IS NULL)) = 1 ELSE list_position(a, x) = i END)
trino_array_remove(a, e) := CASE WHEN e IS NOT NULL THEN list_filter(a, LAMBDA x : x IS NULL OR x <> e) END
trino_array_max(a) := CASE WHEN len(list_filter(a, LAMBDA x : x IS NULL)) = 0 THEN list_max(a) END
trino_array_min(a) := CASE WHEN len(list_filter(a, LAMBDA x : x IS NULL)) = 0 THEN list_min(a) END
trino_array_intersect(a, b) := trino_array_distinct(list_filter(a, LAMBDA x : CASE WHEN x IS NULL THEN len(list_filter(b, LAMBDA y : y IS NULL)) > 0 ELSE list_contains(b, x) END))
trino_array_except(a, b) := trino_array_distinct(list_filter(a, LAMBDA x : CASE WHEN x IS NULL THEN len(list_filter(b, LAMBDA y : y IS NULL)) = 0 ELSE NOT list_contains(b, x) END))
trino_arrays_overlap(a, b) := CASE WHEN list_has_any(list_filter(a, LAMBDA x : x IS NOT NULL), list_filter(b, LAMBDA x : x IS NOT NULL)) THEN true WHEN len(list_filter(list_concat(a, b), LAMBDA x : x IS NULL)) > 0 THEN NULL ELSE false END
trino_shuffle(a) := list_transform(list_sort(list_transform(a, LAMBDA x : struct_pack(k := random(), v := x))), LAMBDA y : y.v)
trino_any(a) := CASE WHEN list_contains(a, true) THEN true WHEN len(list_filter(a, LAMBDA x : x IS NULL)) > 0 THEN NULL WHEN a IS NOT NULL THEN false END
trino_all(a) := CASE WHEN list_contains(a, false) THEN false WHEN len(list_filter(a, LAMBDA x : x IS NULL)) > 0 THEN NULL WHEN a IS NOT NULL THEN true END
trino_slice(a, s, n) := CASE WHEN a IS NULL OR s IS NULL OR n IS NULL THEN NULL WHEN s = 0 THEN error('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1') WHEN n < 0 THEN error('INVALID_FUNCTION_ARGUMENT: length must be greater than or equal to 0') WHEN abs(s) > len(a) OR n = 0 THEN a[1:0] WHEN s > 0 THEN a[s:s+n-1] ELSE a[len(a)+s+1:least(len(a)+s+n, len(a))] END
trino_trim_array(a, n) := CASE WHEN n < 0 THEN error('INVALID_FUNCTION_ARGUMENT: size must not be negative: ' || n) WHEN n > len(a) THEN error('INVALID_FUNCTION_ARGUMENT: size must not exceed array cardinality ' || len(a) || ': ' || n) ELSE a[1:len(a) - n] END
trino_sequence(a, b, s) := CASE WHEN s = 0 THEN error('INVALID_FUNCTION_ARGUMENT: step must not be zero') WHEN (s > 0 AND a > b) OR (s < 0 AND a < b) THEN error('INVALID_FUNCTION_ARGUMENT: sequence stop value should be greater than or equal to start value if step is greater than zero otherwise stop should be less than or equal to start') WHEN (b - a) // s >= 10000 THEN error('INVALID_FUNCTION_ARGUMENT: result of sequence function must not have more than 10000 entries') ELSE generate_series(a, b, s) END
trino_checked_count(n, a) := CASE WHEN n < 0 THEN error('INVALID_FUNCTION_ARGUMENT: count argument of repeat function must be greater than or equal to 0') WHEN n > 10000 THEN error('INVALID_FUNCTION_ARGUMENT: count argument of repeat function must be less than or equal to 10000') ELSE a END
trino_ngrams(a, n) := CASE WHEN n < 1 THEN error('INVALID_FUNCTION_ARGUMENT: N must be positive') WHEN n >= len(a) THEN [a] ELSE list_transform(generate_series(1, len(a) - n + 1), LAMBDA i : a[i:i+n-1]) END
trino_sorted_keys(m) := list_sort(map_keys(m))
trino_map_entries(m) := list_transform(map_entries(m), LAMBDA e : struct_pack(field0 := e.key, field1 := e.value))
trino_map_of_entries(l) := map_from_entries(list_filter(l, LAMBDA x, i : list_position(list_transform(l, LAMBDA y : y.key), x.key) = i))
trino_multimap(l) := map_from_entries(list_transform(trino_array_distinct(list_transform(l, LAMBDA x : x.key)), LAMBDA k : struct_pack(key := k, value := list_transform(list_filter(l, LAMBDA y : y.key = k), LAMBDA z : z.value))))
trino_percentile(l, q) := CASE WHEN q < 0 OR q > 1 THEN error('INVALID_FUNCTION_ARGUMENT: Percentile must be between 0 and 1') WHEN len(l) > 0 THEN l[least(CAST(floor(q * len(l)) AS BIGINT) + 1, len(l))] END
"""  # noqa: E501 -- one macro a line


def connect(
    endpoint: SplitResult, access_key: str, secret_key: str, region: str, scratch: Path
) -> duckdb.DuckDBPyConnection:
    """Return a new instance. `endpoint` is that of S3, `scratch` a folder for results and for data that exceeds memory.

    No data or metadata of files is cached. Whatever SQL a query contains, DuckDB opens only objects of S3 and files in
    `scratch`, no other files of the host and no other addresses; a query cannot change that setting.
    """
    connection = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    for name in _EXTENSIONS:
        connection.execute(f"LOAD {literal(str(_extension_file(name)))}")
    connection.execute("SET enable_external_file_cache = false")
    # To open a connection for each request takes a quarter of the time of a query over many files. Later versions of
    # DuckDB reuse them by default:
    # https://github.com/duckdb/duckdb-httpfs/pull/343
    connection.execute("SET httpfs_connection_caching = true")
    connection.execute("SET unsafe_enable_version_guessing = false")
    connection.execute(
        f"CREATE SECRET (TYPE s3, KEY_ID {literal(access_key)}, SECRET {literal(secret_key)}, "
        f"REGION {literal(region)}, ENDPOINT {literal(endpoint.netloc)}, URL_STYLE 'path', "
        f"USE_SSL {str(endpoint.scheme == 'https').lower()})"
    )
    # Keys are keys: else * ? [ ] in a key stand for other keys. The secret has this option too, and it has no effect.
    connection.execute("SET GLOBAL s3_url_compatibility_mode = true")
    add_functions(connection)
    connection.execute(f"SET memory_limit = {literal(load().athena_memory)}")
    connection.execute(f"SET temp_directory = {literal(str(scratch / 'spill'))}")
    connection.execute(f"SET allowed_directories = ['s3://', {literal(f'{scratch}/')}]")
    connection.execute("SET enable_external_access = false")
    return connection


def add_functions(connection: duckdb.DuckDBPyConnection) -> None:
    """Define in DuckDB the functions that compiled SQL calls."""
    connection.create_function("trino_double_text", double_text, ["DOUBLE"], "VARCHAR")
    connection.create_function("athena_double_text", java_double, ["VARCHAR", "DOUBLE"], "VARCHAR")
    connection.create_function("trino_soundex", _soundex, ["VARCHAR"], "VARCHAR")
    connection.create_function("trino_readable_seconds", _readable_seconds, ["DOUBLE"], "VARCHAR")
    for name, declared in scalar_functions().items():
        handling = FunctionNullHandling.SPECIAL if declared.gives_null else FunctionNullHandling.DEFAULT
        connection.create_function(
            name, declared.call, list(declared.parameters), declared.returns, null_handling=handling
        )
    for line in _MACROS.strip().splitlines():
        head, body = line.split(" := ", 1)
        connection.execute(f"CREATE MACRO {head} AS {body}")


def session(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Return a cursor for one query, with the settings that Trino's semantics need."""
    cursor = connection.cursor()
    for statement in _SESSION:
        cursor.execute(statement)
    return cursor


def _extension_file(name: str) -> Path:
    package = importlib.import_module(f"duckdb_extension_{name}")
    folder = Path(next(iter(package.__path__)))
    return folder / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"


_SOUNDEX = {
    letter: code
    for code, letters in {"1": "BFPV", "2": "CGJKQSXZ", "3": "DT", "4": "L", "5": "MN", "6": "R"}.items()
    for letter in letters
}


def _soundex(text: str) -> str:
    if not text:
        return ""
    letters = text.upper()
    code, previous = letters[0], _SOUNDEX.get(letters[0], "")
    for letter in letters[1:]:
        digit = _SOUNDEX.get(letter, "")
        if digit and digit != previous:
            code += digit
        if letter not in "HW":
            previous = digit
    return (code + "000")[:4]


def _readable_seconds(seconds: float) -> str:
    left, parts = round(abs(seconds)), []
    for unit, size in (("week", 604_800), ("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}{'s' if count != 1 else ''}")
    return ", ".join(parts) or "0 seconds"
