"""Which files are blamed when a batch cannot be read: those that fail by themselves, and nothing on a guess."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartlake.errors import TerminalError, TransientError
from cartlake.runs.bad_files import BadFile, BadFilesError
from cartlake.runs.documents import FileFormat, ManifestFile
from glue_jobs.dataset_etl.bad_files import MAX_CHARACTERS, bad_files
from glue_jobs.engines.duckdb.limits import EngineLimitError, is_fault_of_files


def file(number):
    return ManifestFile(
        file_id=f"{number:032x}",
        uri=f"s3://raw/incoming/vendors/{number}.csv",
        version_id=None,
        etag="e",
        size=1,
        sha256="c",
        format=FileFormat(kind="csv"),
    )


def reader(bad, why="page 3 is broken"):
    """A reader that fails when a bad file is among those it reads, and remembers what it read."""

    def read(files):
        read.calls.append(len(files))
        return why if {one.file_id for one in files} & bad else None

    read.calls = []
    return read


@given(st.integers(1, 60), st.sets(st.integers(0, 59), max_size=6))
def test_exactly_the_bad_files_are_found_by_few_reads(number, positions):
    files = [file(position) for position in range(number)]
    bad = {files[position].file_id for position in positions if position < number}
    read = reader(bad)

    assert {one.file_id for one in bad_files(files, read)} == bad
    assert len(read.calls) <= 1 + 2 * len(bad) * (number - 1).bit_length()


def test_what_fails_only_together_blames_no_file():
    assert bad_files([file(1), file(2)], lambda files: "too wide" if len(files) > 1 else None) == []


def test_at_most_so_many_are_looked_for_at_once():
    files = [file(number) for number in range(10)]

    assert len(bad_files(files, lambda _: "broken", most=3)) == 3


def test_a_fault_of_the_network_blames_no_file():
    def read(_):
        raise TransientError("S3 was busy")

    with pytest.raises(TransientError):
        bad_files([file(1)], read)


def test_the_reason_is_one_line_with_what_to_do():
    stack = "An error occurred while calling o9.count.\n: org.apache.spark.SparkException: Job aborted\n\tat a\n"
    stack += "Caused by: java.lang.RuntimeException: task\n\tat b\nCaused by: java.io.EOFException: ended too early\n"

    [found] = bad_files([file(1)], lambda _: stack)
    [long] = bad_files([file(1)], lambda _: "x" * 9_999)

    assert found.reason == "unreadable"
    assert found.detail == (
        "The file cannot be read: java.io.EOFException: ended too early. Write it again and drop it."
    )
    assert len(long.detail) < MAX_CHARACTERS + 100


def test_the_error_names_the_first_files_and_counts_the_others():
    files = [BadFile.of(file(number), "unreadable", "It is broken.") for number in range(7)]

    message = str(BadFilesError(files))

    assert message.startswith(f"7 files cannot be loaded: s3://raw/incoming/vendors/0.csv (file {0:032x}): It is")
    assert message.endswith("; and 2 more")
    assert str(BadFilesError(files[:1])).startswith("1 file cannot be loaded: ")


def chained(error, cause):
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "is_of_files"),
    [
        (TerminalError("a.csv is not whole gzip data"), True),
        (duckdb.InvalidInputException("invalid unicode"), True),
        (duckdb.IOException("snappy: corrupt"), True),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), True),
        (duckdb.OutOfMemoryException("too small"), False),
        (chained(TerminalError("DuckDB cannot read a.csv"), duckdb.OutOfMemoryException("too small")), False),
        (duckdb.IOException("No space left on device"), False),
        (EngineLimitError("too small"), False),
        (TransientError("S3 was busy"), False),
        (KeyError("a defect of ours"), False),
    ],
)
def test_of_duckdb_only_errors_of_content_are_of_files(error, is_of_files):
    assert is_fault_of_files(error) is is_of_files
