"""Many tiny files at once: one execution at a time, a run takes many files, and each file is in one run.

At a fortieth of the scale, for moto's sake; `python -m benchmarks tiny_files` drops ten thousand on the embedded AWS.
"""

from collections import Counter

import pytest

from cartlake.aws.objects import Head
from cartlake.ledger import Content, Ledger, ObjectVersion
from cartlake.runs.documents import FileFormat, Manifest
from lambdas.batch_claimer import handler as claimer
from lambdas.run_coordinator.domain import Coordinator, ExecutionState, Outcome

FILES, FILES_OF_A_RUN = 250, 25


class Executions:
    """One state machine, whose executions run until they are told to end."""

    def __init__(self):
        self.running, self.started, self.most_at_once = set(), [], 0

    def state(self, run_id):
        return ExecutionState.RUNNING if run_id in self.running else ExecutionState.OVER

    def start(self, subject, run_id, request=None):
        self.running.add(run_id)
        self.started.append(run_id)
        self.most_at_once = max(self.most_at_once, len(self.running))
        return f"arn:{run_id}"


@pytest.fixture
def arrive(account):
    """Have a validated file wait for its run."""
    ledger = Ledger("ledger", account.dynamodb)
    layout = FileFormat(kind="csv", header=["a"])

    def wait(number):
        key = f"incoming/transactions/{number:05d}.csv"
        file = ledger.files.receive("transactions", ObjectVersion(bucket="raw", key=key, etag=f"{number}", size=1))
        content = Content(sha256=f"{number:064x}", contract_version="1.0.0", format=layout, row_estimate=1)
        ledger.files.validated(file.file_id, content)

    return wait


@pytest.mark.usefixtures("transactions_that_copy_nothing")
def test_many_files_at_once_are_loaded_by_few_runs_one_after_the_other(account, arrive, lambda_context, monkeypatch):
    monkeypatch.setattr(claimer, "MAX_FILES", FILES_OF_A_RUN)
    # What is little to S3 is much to a fake: a look at each object.
    monkeypatch.setattr(claimer, "current_versions", lambda files: [(file, Head(None, file.etag, 1)) for file in files])
    ledger, executions = Ledger("ledger", account.dynamodb), Executions()
    numbers = iter(range(1_000_000))
    coordinator = Coordinator(ledger, executions, lambda subject: f"{subject}-20260131T090000-{next(numbers):06x}")

    arrive(0)
    outcomes = Counter({coordinator.file_waits("transactions").outcome: 1})
    for number in range(1, FILES):
        arrive(number)
        outcomes[coordinator.file_waits("transactions").outcome] += 1
    assert outcomes == {Outcome.STARTED: 1, Outcome.ALREADY_RUNNING: FILES - 1}
    in_runs = Counter()
    while executions.running:
        [run_id] = executions.running
        answer = claimer.lambda_handler({"dataset": "transactions", "run_id": run_id}, lambda_context)
        manifest = Manifest.model_validate(account.read_json(answer["manifest_uri"]))
        in_runs.update(file.uri for file in manifest.files)
        ledger.runs.loaded(run_id, [file.file_id for file in manifest.files])
        executions.running.discard(run_id)
        coordinator.release("transactions", run_id)

    assert len(in_runs) == FILES
    assert set(in_runs.values()) == {1}
    assert len(executions.started) == FILES // FILES_OF_A_RUN
    assert executions.most_at_once == 1
