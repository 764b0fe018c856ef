"""Damaged files through the validator and both engines: refused with a reason, or read, each row accounted for.

`MUTANTS` is how many files are damaged. An engine may find a file unreadable that the validator took, such as one whose
compressed data are damaged: it must say so in a way that leads to the file's rejection, not to a failed run.
"""

import os
from collections import Counter

import pytest

from cartlake import contracts
from cartlake.ledger import Content
from cartlake.runs.documents import ManifestFile
from glue_jobs.engines.duckdb.limits import is_fault_of_files as is_fault_on_duckdb
from glue_jobs.engines.duckdb.reading import raw_rows_sql
from glue_jobs.engines.duckdb.session import open_session
from glue_jobs.engines.spark.faults import is_fault_of_files as is_fault_on_spark
from glue_jobs.engines.spark.reading import read_files
from lambdas.file_validator.content.refusal import Rejection
from tests.spark.both_readers import sorted_rows
from tests.spark.mutations import mutant
from tests.spark.test_cases import validated

pytestmark = pytest.mark.spark

VENDORS = contracts.load("vendors")
MUTANTS = int(os.environ.get("MUTANTS", "300"))
AT_ONCE = 300
OF_CODECS = "brotli or an encoding that an engine lacks"


@pytest.mark.parametrize("first", range(0, MUTANTS, AT_ONCE))
def test_damaged_files_are_refused_or_every_row_is_accounted_for(read, first):
    mutants = [mutant(seed) for seed in range(first, min(first + AT_ONCE, MUTANTS))]
    verdicts = [validated("vendors", one.name, one.content) for one in mutants]
    assert all(isinstance(found, Content) or is_told(found) for found in verdicts)
    refused = {str(found.reason) for one, found in zip(mutants, verdicts, strict=True) if is_refused(found, one)}
    assert refused <= {"unsupported_format"}, OF_CODECS

    taken = [(one, found) for one, found in zip(mutants, verdicts, strict=True) if isinstance(found, Content)]
    files = [dropped(read, one, found) for one, found in taken]
    on_duckdb = {file.file_id: rows_on_duckdb(file) for file in files}
    on_spark = rows_on_spark(read.spark, files)

    for (one, found), file in zip(taken, files, strict=True):
        both = on_duckdb[file.file_id], on_spark[file.file_id]
        if found.format.kind != "parquet":
            assert both[0] == both[1], one.name
        elif None not in both:
            # Values may be others than were written: Parquet has no checksums of them.
            assert len(both[0]) == len(both[1]) == found.row_estimate, one.name
        if not one.done:
            assert len(both[0]) == len(both[1]) == one.rows, one.name


def is_refused(found, one):
    """Whether a good file was refused."""
    return isinstance(found, Rejection) and not one.done


def is_told(rejection):
    return len(rejection.message) > len(rejection.reason) > 0


def dropped(read, one, found) -> ManifestFile:
    return read.dropped(VENDORS, f"mutants/{one.name}", one.content, **found.format.model_dump())


def rows_on_duckdb(file):
    """Sorted rows without their file; None if the engine names the file as unreadable."""
    with open_session() as session:
        try:
            return sorted_rows(row[:-1] for row in session.rows(raw_rows_sql(session, [file], VENDORS)))
        except Exception as error:
            if not is_fault_on_duckdb(error):
                raise
            return None


def rows_on_spark(spark, files):
    """The same by file id; texts are read at once, as long as none of them fails."""
    texts = [file for file in files if file.format.kind != "parquet"]
    parquets = [file for file in files if file.format.kind == "parquet"]
    rows = {file.file_id: [] for file in texts}
    by_uri = {file.uri: file.file_id for file in texts}
    for row in read_files(spark, texts, VENDORS).collect() if texts else ():
        rows[by_uri[row[-1]]].append(tuple(row[:-1]))
    return {name: sorted_rows(found) for name, found in rows.items()} | {
        file.file_id: rows_of_parquet(spark, file) for file in parquets
    }


def rows_of_parquet(spark, file):
    try:
        return sorted_rows(row[:-1] for row in read_files(spark, [file], VENDORS).collect())
    except Exception as error:
        if not is_fault_on_spark(error):
            raise
        return None


def test_there_are_mutants_of_every_kind():
    found = Counter(one.name.partition(".")[2] for one in map(mutant, range(300)))

    assert set(found) == {"csv", "csv.gz", "jsonl", "jsonl.gz", "parquet"}
