"""A backfill of many files: no request and no item grows with their number, and each file is read once.

At a small scale, for moto's sake.
"""

import json
from collections import Counter
from datetime import date

import boto3
import pytest

from cartlake.aws.objects import Head
from cartlake.ledger import Backfill, FileRecord, FileState, Ledger
from cartlake.ledger.items.keys import file_key, state_index
from cartlake.runs.documents import FileFormat, Manifest, RowCounts
from cartlake.runs.slicing import SliceLimits
from lambdas.batch_claimer import backfills, handler

FILES, DAYS, FILES_OF_A_SLICE = 200, 28, 50
MAX_PAYLOAD = 256 * 1024
"""Bytes that Step Functions passes from one state to the next."""
MAX_ITEM = 400 * 1024
"""Bytes of an item in DynamoDB."""


@pytest.fixture
def loaded(account):
    """Loaded files of four weeks, put on record without their history."""
    serialize = boto3.dynamodb.types.TypeSerializer().serialize
    layout = FileFormat(kind="csv", header=[f"column_{number}" for number in range(20)])
    requests = []
    for number in range(FILES):
        received = f"2026-01-{1 + number * DAYS // FILES:02d}T08:00:00.{number:06d}Z"
        record = FileRecord(
            file_id=f"{number:032x}", dataset="transactions", bucket="raw", key=f"incoming/{number:05d}.csv",
            etag=f"{number}", size=1_000, state=FileState.LOADED, sha256=f"{number:064x}", contract_version="1.0.0",
            format=layout, row_estimate=10, received_at=received, updated_at=received, run_id="transactions-old",
        )  # fmt: skip
        index = {"gsi1pk": state_index("transactions", FileState.LOADED), "gsi1sk": record.reception}
        item = vars(file_key(record.file_id)) | record.model_dump(mode="json", exclude_none=True) | index
        requests.append({"PutRequest": {"Item": {name: serialize(value) for name, value in item.items()}}})
    for start in range(0, FILES, 25):
        account.dynamodb.batch_write_item(RequestItems={"ledger": requests[start : start + 25]})


@pytest.fixture
def calls(transactions_that_copy_nothing):
    """How often each operation of DynamoDB was called, and the bytes of the largest request."""
    counted = Counter()
    client = handler.ledger().files._table._client

    def note(params, model, **_):
        counted[model.name] += 1
        counted["largest"] = max(counted["largest"], len(params["body"]))

    client.meta.events.register("before-call.dynamodb", note)
    return counted


def test_many_files_are_cut_with_few_requests_and_read_once_each(account, loaded, calls, lambda_context, monkeypatch):
    monkeypatch.setattr(backfills, "largest_slice", lambda *_: SliceLimits(FILES_OF_A_SLICE, 1e12, 1e12))
    monkeypatch.setattr(
        backfills, "current_versions", lambda files: [(file, Head(None, file.etag, 1)) for file in files]
    )
    ledger = Ledger("ledger", account.dynamodb)
    first, last = date(2026, 1, 1), date(2026, 1, DAYS)
    request = Backfill(
        request_id="one", dataset="transactions", first=first, last=last, requested_at="2026-02-01T00:00:00.000000Z"
    )
    ledger.backfills.request(request)
    in_runs, answers = Counter(), []
    while ledger.backfills.has_pending("transactions"):
        run_id = f"transactions-20260201T090000-{len(answers):06x}"
        calls.clear()
        answers.append(handler.lambda_handler({"dataset": "transactions", "run_id": run_id}, lambda_context))
        assert calls.total() - calls["largest"] < 30 + 3 * FILES_OF_A_SLICE / 49
        assert calls["largest"] < MAX_ITEM
        manifest = Manifest.model_validate(account.read_json(answers[-1]["manifest_uri"]))
        in_runs.update(file.file_id for file in manifest.files)
        ledger.runs.finish(run_id, RowCounts(read=1, published=1, quarantined=0, duplicate=0), "")
        ledger.locks.release("transactions", run_id)

    assert (len(in_runs), set(in_runs.values())) == (FILES, {1})
    assert max(len(json.dumps(answer)) for answer in answers) < MAX_PAYLOAD / 100
    assert FILES / FILES_OF_A_SLICE <= len(answers) <= 2 * FILES / FILES_OF_A_SLICE
