"""Athena over the table of quarantined rows, in DuckDB; functions that answer as a test says; commands typed."""

import io
import json

import duckdb
import pytest
import typer
from typer.testing import CliRunner

from cartlake.ledger import Content, ObjectVersion
from cartlake.runs.documents import FileFormat
from cartlake_cli.athena.client import QueryResult
from cartlake_cli.operations import quarantine as listing
from cartlake_cli.operations import replay

DATASET = "transactions"
RUN = "transactions-20260131T083000-aaaaaa"


class QuarantineTable:
    """Answers Athena's SQL from a table in DuckDB."""

    def __init__(self):
        self.connection = duckdb.connect()
        self.connection.execute("create macro array_join(parts, separator) as array_to_string(parts, separator)")
        self.connection.execute("create schema ops")
        self.connection.execute(
            "create table ops.quarantine_rows (row_id varchar, dataset varchar, file_id varchar, run_id varchar, "
            "source_file varchar, reasons varchar[], raw_record varchar, replay_id varchar, replayed_at timestamptz, "
            "superseded_by varchar)"
        )

    def add(
        self, row_id, *more, dataset=DATASET, file_id="f", run_id=RUN, reason="bad", record=None, superseded_by=None
    ):
        """Add a row that broke the rule `reason`, and those in `more`."""
        raw = json.dumps(record or {"order_id": row_id})
        row = [row_id, dataset, file_id, run_id, "s3://raw/a.csv", [reason, *more], raw, None, None, superseded_by]
        self.connection.execute("insert into ops.quarantine_rows values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def run(self, sql, parameters=(), database=""):
        head, *rest = sql.split("?")
        done = self.connection.execute(head + "".join(one + part for one, part in zip(parameters, rest, strict=True)))
        columns = [(name, "varchar") for name, *_ in done.description]
        return QueryResult("q", columns, [list(row) for row in done.fetchall()], 0, 0)

    def replayed(self):
        found = self.connection.execute("select row_id from ops.quarantine_rows where replay_id is not null order by 1")
        return [row_id for (row_id,) in found.fetchall()]


@pytest.fixture
def quarantine(monkeypatch, lake):
    monkeypatch.setattr(lake.outputs, "databases", {"ops": "ops"})
    monkeypatch.setattr(lake.outputs, "buckets", {"raw": "raw"})
    table = QuarantineTable()
    for module in (listing, replay):
        monkeypatch.setattr(module, "athena_of", lambda _: table)
    return table


@pytest.fixture
def load_failed(lake):
    """Receive a file and have the run that claimed it fail."""

    def load(dataset, run_id):
        landed = ObjectVersion(bucket="raw", key=f"incoming/{dataset}/failed.csv", version_id="1", etag="e", size=1)
        content = Content(sha256="ff", contract_version="1.0.0", format=FileFormat(kind="csv"), row_estimate=1)
        file = lake.ledger.files.validated(lake.ledger.files.receive(dataset, landed).file_id, content)
        lake.ledger.locks.acquire(dataset, run_id)
        lake.ledger.runs.start(run_id)
        lake.ledger.runs.claim(run_id, [file])
        lake.ledger.runs.fail(run_id, "JobFailed", "no memory")
        lake.ledger.locks.release(dataset, run_id)
        return lake.ledger.files.get(file.file_id)

    return load


@pytest.fixture
def function_answers(lake, monkeypatch):
    """What a function that is invoked answers, one after the other, and what it was asked."""
    answers, asked = [], []

    def invoke(**request):
        asked.append(json.loads(request["Payload"]))
        answer = answers.pop(0)
        failed = {"FunctionError": "Unhandled"} if "errorMessage" in answer else {}
        return {"Payload": io.BytesIO(json.dumps(answer).encode()), **failed}

    client = type("Functions", (), {"invoke": staticmethod(invoke)})
    monkeypatch.setattr(type(lake), "patient_client", lambda _lake, _service: client)
    return answers, asked


@pytest.fixture
def type_command(lake):
    """Of a function that registers commands: types one of them; returns its result."""

    def of(register):
        app = typer.Typer()
        register(app)

        def run(*arguments):
            lake.output.as_json = False
            return CliRunner().invoke(app, arguments, obj=lake)

        return run

    return of
