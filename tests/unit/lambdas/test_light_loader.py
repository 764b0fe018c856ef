import errno
from contextlib import contextmanager
from importlib import import_module, reload

import duckdb
import pytest
from pyiceberg.exceptions import CommitFailedException, ValidationException

from cartlake.errors import TerminalError, TransientError
from cartlake.runs.bad_files import BadFile, BadFiles, BadFilesError
from cartlake.runs.documents import (
    EngineChoice,
    Manifest,
    RowCounts,
    SupersedeQuarantineReport,
    TransformReport,
)
from glue_jobs.dataset_etl import tasks
from glue_jobs.engines.duckdb import session
from glue_jobs.engines.duckdb.limits import EngineLimitError, engine_limits
from lambdas.light_loader import adapters, handler

RUN_ID = "transactions-20260131T083000-aaaaaa"
FOLDER = f"s3://artifacts/runs/{RUN_ID}"
REPORT = TransformReport(
    run_id=RUN_ID,
    dataset="transactions",
    table="processed.transactions",
    branch="audit",
    snapshot_id="42",
    base_snapshot_id=None,
    rows=RowCounts(read=3, published=2, quarantined=1, duplicate=0),
    files=[],
    started_at="",
    ended_at="",
)


class FakeEngine:
    """Stands for DuckDB where a step is replaced too."""


@pytest.fixture
def opened(monkeypatch):
    """What the engine was opened with, instead of DuckDB."""
    seen = []

    @contextmanager
    def engine(run_id, memory_mb, max_merge_bytes):
        seen.append((run_id, memory_mb, max_merge_bytes))
        yield FakeEngine()

    monkeypatch.setattr(adapters, "duckdb_engine", engine)
    return seen


@pytest.fixture
def does(monkeypatch):
    """Replace what a step does: return a report, or raise."""

    def replace(step, outcome):
        def work(run):
            replace.run = run
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        monkeypatch.setattr(tasks, "_STEPS", {**tasks._STEPS, step: work})

    return replace


@pytest.fixture
def call(account, opened, lambda_context):
    chosen = EngineChoice(engine="light", reason="1 MB in 1 file")
    manifest = Manifest(
        run_id=RUN_ID, dataset="transactions", contract_version="1.0.0", created_at="", files=[], engine=chosen
    )
    account.write(f"{FOLDER}/manifest.json", manifest.model_dump_json())

    def invoke(step="transform", **change):
        request = {
            "run_id": RUN_ID,
            "subject": "transactions",
            "step": step,
            "input_uri": f"{FOLDER}/manifest.json",
        }
        return handler.lambda_handler(request | change, lambda_context)

    return invoke


def test_a_load_answers_with_what_the_state_machine_needs(account, call, does, opened):
    does("transform", REPORT)

    answer = call()

    assert answer == {
        "report_uri": f"{FOLDER}/transform.json",
        "rows": {"read": 3, "published": 2, "quarantined": 1, "duplicate": 0},
        "snapshot_id": "42",
    }
    assert opened == [(RUN_ID, 512, 1024e6)]
    assert (does.run.target, does.run.quarantine, does.run.quality) == (
        "glue.processed.transactions",
        "glue.ops.quarantine_rows",
        "glue.ops.quality_results",
    )


def test_the_report_says_which_engine_why_and_what_it_cost(account, call, does):
    does("transform", REPORT)

    call()

    report = TransformReport.model_validate(account.read_json(f"{FOLDER}/transform.json"))
    assert report.engine == EngineChoice(engine="light", reason="1 MB in 1 file")
    assert 0 < report.cost_usd < 0.001


def test_a_quarantine_is_superseded_in_a_function_too(account, call, does):
    done = SupersedeQuarantineReport(
        run_id=RUN_ID, dataset="transactions", in_force=1, superseded=2, started_at="", ended_at=""
    )
    does("supersede_quarantine", done)

    answer = call("supersede_quarantine")

    assert (answer["in_force"], answer["superseded"]) == (1, 2)
    assert account.read_json(f"{FOLDER}/supersede_quarantine.json")["superseded"] == 2


@pytest.mark.parametrize("module", ["light_loader", "light_refresher"])
def test_a_function_without_the_extension_of_its_layer_does_not_start_and_says_what_is_missing(module, monkeypatch):
    """Lambda names an ImportError of a starting function `Runtime.ImportModuleError`: then Spark does the step."""
    starting = import_module(f"lambdas.{module}.handler")
    monkeypatch.setattr(session, "find_spec", lambda _: None)

    with pytest.raises(ImportError, match=r"duckdb_extension_httpfs .* is not installed.* layer `light`"):
        reload(starting)


@pytest.mark.parametrize("step", ["refresh", "maintenance"])
def test_a_step_of_another_job_is_refused(call, step):
    with pytest.raises(ValueError, match="step"):
        call(step)


def test_the_manifest_of_another_run_is_refused(call, does):
    does("transform", REPORT)

    with pytest.raises(TerminalError, match="is of run"):
        call(run_id="transactions-20260131T083000-bbbbbb")


def test_a_fault_of_the_data_keeps_its_name_so_that_nothing_falls_back(call, does):
    does("transform", TerminalError("the file was replaced"))

    with pytest.raises(TerminalError, match="the file was replaced"):
        call()


def test_files_that_cannot_be_loaded_are_left_in_the_runs_folder(account, call, does):
    bad = BadFile(file_id="f1", uri="s3://raw/incoming/transactions/a.parquet", reason="unreadable", detail="Broken.")
    does("transform", BadFilesError([bad]))

    with pytest.raises(BadFilesError, match=r"a\.parquet"):
        call()

    found = BadFiles.model_validate(account.read_json(f"{FOLDER}/bad_files.json"))
    assert (found.run_id, found.files) == (RUN_ID, [bad])


@pytest.mark.parametrize(
    "fault",
    [
        duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate data"),
        duckdb.IOException("IO Error: Could not write file: No space left on device"),
        MemoryError(),
        OSError(errno.ENOSPC, "No space left on device"),
        EngineLimitError("the merge would have to look at 3,000 MB"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_too_little_memory_or_disk_has_one_name(call, does, fault):
    does("transform", fault)

    with pytest.raises(EngineLimitError):
        call()


def test_a_limit_is_seen_where_somebody_took_it_for_a_fault_of_the_data():
    def read():
        try:
            raise duckdb.OutOfMemoryException("Out of Memory Error")
        except duckdb.Error as error:
            raise TerminalError("the files cannot be read") from error

    with pytest.raises(EngineLimitError, match="Out of Memory"), engine_limits():
        read()


class HttpFault(duckdb.HTTPException):
    """As DuckDB raises it, with the status of the answer."""

    def __init__(self, status):
        super().__init__(f"HTTP Error: Request returned HTTP {status} for HTTP GET to 's3://lake/a.parquet'")
        self.status_code = status


@pytest.mark.parametrize(
    "fault",
    [
        HttpFault(503),
        HttpFault(429),
        HttpFault(500),
        duckdb.IOException("IO Error: Could not connect to server error for HTTP HEAD to 's3://lake/a.parquet'"),
        CommitFailedException("others always came first"),
        ValidationException("missing data files: another writer removed a.parquet meanwhile"),
    ],
    ids=repr,
)
def test_what_may_pass_has_the_name_that_the_state_machine_tries_again(call, does, fault):
    does("transform", fault)

    with pytest.raises(TransientError, match="try again"):
        call()


def test_throttled_reading_is_no_fault_of_the_files_that_were_read_meanwhile():
    def read():
        try:
            raise HttpFault(503)
        except duckdb.Error as error:
            raise TerminalError("DuckDB cannot read s3://raw/a.csv") from error

    with pytest.raises(TransientError, match="503"), engine_limits():
        read()


@pytest.mark.parametrize(
    "fault", [HttpFault(403), HttpFault(404), duckdb.IOException("HTTP Error: 403"), OSError(errno.ENOENT, "no file")]
)
def test_other_errors_pass_as_they_are(fault):
    with pytest.raises(type(fault)) as raised, engine_limits():
        raise fault

    assert raised.value is fault
