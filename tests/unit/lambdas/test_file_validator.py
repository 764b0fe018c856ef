import csv
import dataclasses
import gzip
import io
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError

from cartlake import contracts
from cartlake.aws.objects import S3Uri
from cartlake.aws.s3 import head
from cartlake.errors import TransientError
from cartlake.ledger import FileState, Ledger
from lambdas.file_validator import adapters, handler
from lambdas.file_validator.content.refusal import Reason
from lambdas.file_validator.content.rules import rules_of
from lambdas.file_validator.domain import Candidate, Ignored, Misplaced, locate
from lambdas.shared import quarantine

DATASETS = {"transactions", "customers"}
COLUMNS = [column.name for column in contracts.load("transactions").table.file_columns]
ROW = {
    "order_id": "ORD-00000A17F3",
    "line_number": 1,
    "customer_id": "CUS-0000001",
    "customer_email": "a@example.com",
    "product_id": "PRD-00001",
    "order_status": "paid",
    "channel": "web",
    "payment_method": "card",
    "country_code": "SE",
    "currency": "SEK",
    "quantity": 2,
    "unit_price": Decimal("10.00"),
    "discount_amount": Decimal("0.00"),
    "tax_amount": Decimal("5.00"),
    "line_total": Decimal("25.00"),
    "ordered_at": datetime(2026, 1, 31, 8, tzinfo=UTC),
    "updated_at": datetime(2026, 1, 31, 8, tzinfo=UTC),
}


def csv_file(rows=1, columns=COLUMNS):
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore")
    writer.writeheader()
    writer.writerows([ROW] * rows)
    return text.getvalue().encode()


def parquet_file(**columns):
    table = pa.Table.from_pylist([ROW])
    for name, type_ in (("quantity", pa.int32()), ("line_number", pa.int32())):
        table = table.set_column(table.schema.get_field_index(name), name, table[name].cast(type_))
    for name, values in columns.items():
        table = table.set_column(table.schema.get_field_index(name), name, values)
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


class TestLocate:
    @pytest.mark.parametrize(
        ("key", "kind", "gzip_name"),
        [
            ("incoming/transactions/a.csv", "csv", False),
            ("incoming/transactions/2026/01/31/a b+c%20(1).CSV.gz", "csv", True),
            ("incoming/transactions/a.jsonl", "jsonl", False),
            ("incoming/transactions/a.json.gz", "jsonl", True),
            ("incoming/transactions/a.ndjson", "jsonl", False),
            ("incoming/transactions/å.parquet", "parquet", False),
            ("incoming/transactions/a[1]{2}*?.csv", "csv", False),
        ],
    )
    def test_a_good_key_says_dataset_and_format(self, key, kind, gzip_name):
        assert locate(key, 10, DATASETS) == Candidate("transactions", kind, gzip_name)

    @pytest.mark.parametrize(
        ("key", "dataset", "reason"),
        [
            pytest.param("a.csv", "_unknown", Reason.UNRECOGNISED_KEY, id="no folder"),
            pytest.param("incoming/a.csv", "_unknown", Reason.UNRECOGNISED_KEY, id="no dataset"),
            pytest.param("outgoing/transactions/a.csv", "_unknown", Reason.UNRECOGNISED_KEY, id="other folder"),
            pytest.param("incoming/transaction/a.csv", "_unknown", Reason.UNKNOWN_DATASET, id="unknown dataset"),
            pytest.param("incoming/transactions/a.xlsx", "transactions", Reason.UNSUPPORTED_FORMAT, id="extension"),
            pytest.param("incoming/transactions/a", "transactions", Reason.UNSUPPORTED_FORMAT, id="no extension"),
            pytest.param("incoming/transactions/.csv", "transactions", Reason.UNRECOGNISED_KEY, id="only extension"),
            pytest.param("incoming/transactions//a.csv", "transactions", Reason.UNRECOGNISED_KEY, id="empty folder"),
            pytest.param("incoming/transactions/../a.csv", "transactions", Reason.UNRECOGNISED_KEY, id="folder above"),
            pytest.param("incoming/transactions/a.csv.GZ", "transactions", Reason.UNSUPPORTED_FORMAT, id="upper GZ"),
            pytest.param(
                "incoming/transactions/a.parquet.gz", "transactions", Reason.UNSUPPORTED_FORMAT, id="gzip of Parquet"
            ),
            pytest.param("incoming/transactions/_a.csv", "transactions", Reason.UNRECOGNISED_KEY, id="hidden"),
            pytest.param("incoming/transactions/a\\1.csv", "transactions", Reason.UNRECOGNISED_KEY, id="backslash"),
            pytest.param("incoming/transactions/x\n/a.csv", "transactions", Reason.UNRECOGNISED_KEY, id="line break"),
        ],
    )
    def test_a_bad_key_is_refused_with_its_reason(self, key, dataset, reason):
        found = locate(key, 10, DATASETS)

        assert isinstance(found, Misplaced)
        assert (found.dataset, found.rejection.reason) == (dataset, reason)

    def test_an_unknown_dataset_is_answered_with_the_closest_known_one(self):
        found = locate("incoming/transaction/a.csv", 10, DATASETS)

        assert "Did you mean 'transactions'?" in found.rejection.message

    @pytest.mark.parametrize(
        ("key", "size"),
        [
            ("incoming/transactions/", 0),
            ("incoming/", 0),
            ("_spark_metadata/0.csv", 10),
            ("incoming/transactions/_SUCCESS", 0),
        ],
    )
    def test_folders_and_markers_are_ignored(self, key, size):
        assert isinstance(locate(key, size, DATASETS), Ignored)

    def test_an_empty_file_is_no_marker(self):
        assert isinstance(locate("incoming/transactions/a.csv", 0, DATASETS), Candidate)


@pytest.fixture
def ledger(account):
    return Ledger("ledger", account.dynamodb)


@pytest.fixture
def validate(account, bus, ledger, monkeypatch, sqs_event, lambda_context):
    """Deliver events to the function and return how many it wants to have again."""
    monkeypatch.setattr(handler, "event_bus", lambda: bus)

    def deliver(*details, deliveries=1):
        try:
            event = sqs_event(*details, deliveries=deliveries)
            return len(handler.lambda_handler(event, lambda_context)["batchItemFailures"])
        except BatchProcessingError:  # when none of them worked, Powertools fails the invocation, which Lambda counts
            return len(details)

    return deliver


@pytest.fixture
def asked_for(monkeypatch):
    """What is asked of the queue."""
    asked = []
    sqs = SimpleNamespace(change_message_visibility=lambda **request: asked.append(request))
    monkeypatch.setattr(handler, "incoming", lambda: adapters.Incoming("https://queue.example", 30, sqs))
    return asked


def only(ledger):
    (file,) = ledger.files.list()
    return file


def test_full_copies_count_each_time_and_are_as_old_as_what_was_written(account, validate, ledger, monkeypatch):
    copies = dataclasses.replace(rules_of(contracts.load("transactions")), loads_again=True)
    monkeypatch.setattr(handler, "rules", lambda _: copies)
    for name in ("a.csv", "b.csv"):
        validate(account.drop(f"incoming/transactions/{name}", csv_file()))

    files = ledger.files.list()

    assert [file.state for file in files] == [FileState.VALIDATED, FileState.VALIDATED]
    assert [file.written_at for file in files] == [head(S3Uri("raw", file.key)).written_at for file in files]


def test_a_file_of_deletes_alone_needs_no_more_than_they_do():
    known = contracts.load("transactions")
    table = dataclasses.replace(known.table, deleted_when="order_status = 'gone'")

    needed = rules_of(dataclasses.replace(known, tables=(table,))).required

    assert set(needed) == {*known.table.primary_key, "order_status", "updated_at"}
    assert set(rules_of(known).required) > set(needed)


class TestVerdicts:
    def test_a_good_file_is_validated_and_announced(self, account, validate, ledger, bus):
        body = csv_file(rows=3)

        assert validate(account.drop("incoming/transactions/a.csv", body)) == 0

        file = only(ledger)
        assert (file.state, file.row_estimate, file.size) == (FileState.VALIDATED, 3, len(body))
        assert file.version_id
        assert bus.sent == [
            (
                "FileValidated",
                {
                    "dataset": "transactions",
                    "file_id": file.file_id,
                    "bucket": "raw",
                    "key": "incoming/transactions/a.csv",
                    "size": len(body),
                    "sha256": file.sha256,
                },
            )
        ]

    def test_a_bad_file_is_kept_in_quarantine_beside_its_reason(self, account, validate, ledger, bus):
        body = csv_file(columns=COLUMNS[1:])

        assert validate(account.drop("incoming/transactions/2026/bad.csv", body)) == 0

        file = only(ledger)
        folder = f"s3://quarantine/rejected/transactions/{file.file_id}"
        explained = account.read_json(f"{folder}/reason.json")
        assert (file.state, file.reason) == (FileState.REJECTED, "missing_columns")
        assert account.read(f"{folder}/bad.csv") == body
        assert set(explained) == {
            "reason",
            "message",
            "key",
            "file_id",
            "sha256",
            "dataset",
            "details",
            "contract",
            "at",
        }
        assert explained["details"]["missing"] == ["order_id"]
        assert explained["contract"] == f"transactions {contracts.load('transactions').version}"
        assert "order_id" in file.detail
        assert bus.sent[0][0] == "FileRejected"
        assert bus.sent[0][1]["reason_uri"] == f"{folder}/reason.json"

    def test_a_file_outside_every_dataset_is_kept_too(self, account, validate, ledger):
        validate(account.drop("somewhere/else.bin", b"\0\1"))

        file = only(ledger)
        explained = account.read_json(f"s3://quarantine/rejected/_unknown/{file.file_id}/reason.json")
        assert (file.dataset, file.reason) == ("_unknown", "unrecognised_key")
        assert explained["dataset"] is None
        assert account.read(f"s3://quarantine/rejected/_unknown/{file.file_id}/else.bin") == b"\0\1"

    def test_the_same_content_under_another_name_is_a_duplicate(self, account, validate, ledger, bus):
        validate(account.drop("incoming/transactions/a.csv", csv_file()))
        validate(account.drop("incoming/transactions/b.csv", csv_file()))

        first, second = ledger.files.list()
        assert (second.state, second.duplicate_of) == (FileState.DUPLICATE, first.file_id)
        assert bus.types == ["FileValidated", "FileDuplicate"]

    def test_the_same_content_again_is_loaded_where_the_later_file_wins(self, account, validate, ledger, monkeypatch):
        rules = replace(rules_of(contracts.load("transactions")), loads_again=True)
        monkeypatch.setattr(handler, "rules", lambda _: rules)
        validate(account.drop("incoming/transactions/a.csv", csv_file()))
        validate(account.drop("incoming/transactions/b.csv", csv_file()))

        assert [file.state for file in ledger.files.list()] == [FileState.VALIDATED] * 2

    def test_an_object_deleted_before_it_is_read(self, account, validate, ledger, bus):
        landed = account.drop("incoming/transactions/a.csv", csv_file())
        account.s3.delete_object(Bucket="raw", Key="incoming/transactions/a.csv")

        assert validate(landed) == 0

        assert only(ledger).reason == "object_missing"
        assert bus.types == ["FileRejected"]

    def test_an_object_whose_every_version_is_gone(self, account, validate, ledger):
        landed = account.drop("incoming/transactions/a.csv", csv_file())
        version = landed["object"]["version-id"]
        account.s3.delete_object(Bucket="raw", Key="incoming/transactions/a.csv", VersionId=version)

        assert validate(landed) == 0

        file = only(ledger)
        explained = account.read_json(f"s3://quarantine/rejected/transactions/{file.file_id}/reason.json")
        assert (file.reason, explained["details"]["copied"]) == ("object_missing", False)

    def test_an_object_overwritten_before_it_is_read_is_superseded_by_its_newer_version(
        self, account, validate, ledger
    ):
        old = account.drop("incoming/transactions/a.csv", csv_file(1))
        new = account.drop("incoming/transactions/a.csv", csv_file(2))

        assert validate(old, new) == 0

        rejected, validated = ledger.files.list()
        assert (rejected.reason, validated.state) == ("superseded", FileState.VALIDATED)
        assert account.read(f"s3://quarantine/rejected/transactions/{rejected.file_id}/a.csv") == csv_file(1)

    def test_console_folders_leave_no_trace(self, account, validate, ledger, bus):
        assert validate(account.drop("incoming/transactions/", b"")) == 0

        assert ledger.files.list() == []
        assert bus.sent == []

    def test_gzip_is_streamed(self, account, validate, ledger):
        validate(account.drop("incoming/transactions/a.csv.gz", gzip.compress(csv_file(5))))

        assert (only(ledger).row_estimate, only(ledger).format.compression) == (5, "gzip")
        assert only(ledger).expanded_size == len(csv_file(5))


def test_the_version_the_event_told_of_is_read_even_if_it_is_replaced_at_that_moment(account):
    landed = handler.Landed.model_validate(account.drop("incoming/transactions/a.csv", b"old")).version()
    account.drop("incoming/transactions/a.csv", b"new")

    assert b"".join(adapters.LandedFile(landed).chunks()) == b"old"


def test_every_reason_is_explained_to_users():
    page = (Path(__file__).parents[3] / "docs" / "ingestion.md").read_text()

    assert [reason for reason in Reason if f"| `{reason}` |" not in page] == []


class TestParquet:
    def test_a_good_file(self, account, validate, ledger):
        validate(account.drop("incoming/transactions/a.parquet", parquet_file()))

        file = only(ledger)
        assert file.state is FileState.VALIDATED, file.detail
        assert file.format.kind == "parquet"
        assert file.expanded_size > 0
        assert file.row_estimate == 1

    def test_other_types(self, account, validate, ledger):
        body = parquet_file(unit_price=pa.array([1.5]), ordered_at=pa.array(["2026-01-31"]))

        validate(account.drop("incoming/transactions/a.parquet", body))

        assert only(ledger).reason == "wrong_types"
        assert "unit_price is double, not decimal(12,2)" in only(ledger).detail
        assert "ordered_at is string, not timestamp" in only(ledger).detail

    def test_a_broken_footer(self, account, validate, ledger):
        body = parquet_file()
        length = int.from_bytes(body[-8:-4], "little")
        broken = body[: -8 - length] + b"\xff" * length + body[-8:]

        validate(account.drop("incoming/transactions/a.parquet", broken))

        assert only(ledger).reason == "corrupt_parquet"

    def test_the_footer_alone_is_fetched(self, account):
        ids = pa.table({"id": pa.array(range(300_000))})
        sink = io.BytesIO()
        pq.write_table(ids, sink, use_dictionary=False, compression="none")
        landed = handler.Landed.model_validate(account.drop("incoming/x.parquet", sink.getvalue())).version()
        file = adapters.LandedFile(landed)
        fetched, original = [], file.read_range
        file.read_range = lambda start, end: fetched.append(end - start) or original(start, end)

        footer = file.parquet_footer()

        assert footer.chunks.rows == 300_000
        assert sum(fetched) < landed.size / 10

    def test_a_failing_connection_is_not_taken_for_a_broken_footer(self, account, monkeypatch):
        landed = handler.Landed.model_validate(account.drop("incoming/x.parquet", parquet_file())).version()
        file = adapters.LandedFile(landed)

        def fail(*_):
            raise TransientError("connection reset")

        monkeypatch.setattr(file, "read_range", fail)

        with pytest.raises(TransientError):
            file.parquet_footer()


class TestDelivery:
    def test_the_same_event_five_times_is_one_file(self, account, validate, ledger, bus):
        landed = account.drop("incoming/transactions/a.csv", csv_file())

        assert validate(*[landed] * 5) == 0

        assert only(ledger).state is FileState.VALIDATED
        assert len(ledger.files.pending("transactions")) == 1
        assert set(bus.types) == {"FileValidated"}

    def test_one_message_that_fails_does_not_bring_the_others_back(self, account, validate, ledger, bus):
        good = account.drop("incoming/transactions/a.csv", csv_file(1))
        other = account.drop("incoming/transactions/b.csv", csv_file(2))
        bus.refuse = 1

        assert validate(good, other) == 1

        assert {file.state for file in ledger.files.list()} == {FileState.VALIDATED}
        assert [detail["key"] for _, detail in bus.sent] == ["incoming/transactions/b.csv"]

    def test_a_message_that_failed_comes_back_before_its_visibility_ends_and_later_each_time(
        self, account, validate, bus, asked_for
    ):
        landed = account.drop("incoming/transactions/a.csv", csv_file())
        bus.refuse = 4

        for deliveries in (1, 2, 3, 9):
            assert validate(landed, deliveries=deliveries) == 1

        assert [request["VisibilityTimeout"] for request in asked_for] == [30, 60, 120, 900]

    def test_only_the_message_that_failed_comes_back(self, account, validate, bus, asked_for):
        good = account.drop("incoming/transactions/a.csv", csv_file(1))
        other = account.drop("incoming/transactions/b.csv", csv_file(2))
        bus.refuse = 1

        validate(good, other)

        assert len(asked_for) == 1

    def test_a_message_whose_return_cannot_be_hastened_is_still_reported_as_failed(
        self, account, validate, bus, monkeypatch
    ):
        landed = account.drop("incoming/transactions/a.csv", csv_file())
        bus.refuse = 1
        gone = adapters.Incoming("https://sqs.us-east-1.amazonaws.com/123456789012/gone", 30, boto3.client("sqs"))
        monkeypatch.setattr(handler, "incoming", lambda: gone)

        assert validate(landed) == 1

    def test_a_message_asked_for_again_is_there_although_its_visibility_has_not_ended(self, account):
        sqs = boto3.client("sqs")
        url = sqs.create_queue(QueueName="incoming", Attributes={"VisibilityTimeout": "5400"})["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="landed")
        [message] = sqs.receive_message(QueueUrl=url)["Messages"]
        assert "Messages" not in sqs.receive_message(QueueUrl=url)

        adapters.Incoming(url, 0, sqs).deliver_again(message["ReceiptHandle"], 1)

        [again] = sqs.receive_message(QueueUrl=url)["Messages"]
        assert again["Body"] == "landed"

    def test_a_verdict_whose_event_was_lost_is_announced_by_the_next_delivery(self, account, validate, bus):
        landed = account.drop("incoming/transactions/a.csv", csv_file())
        bus.refuse = 1
        assert validate(landed) == 1

        assert validate(landed) == 0

        assert bus.types == ["FileValidated"]

    @pytest.mark.parametrize("step", ["copy_version", "write_text"])
    def test_a_crash_on_the_way_to_quarantine_is_made_good_by_the_next_delivery(
        self, account, validate, ledger, bus, monkeypatch, step
    ):
        landed = account.drop("incoming/transactions/a.csv", b"nothing,known\n1,2\n")
        with monkeypatch.context() as crash:
            crash.setattr(quarantine, step, lambda *_: (_ for _ in ()).throw(TransientError("throttled")))
            assert validate(landed) == 1
        assert only(ledger).state is FileState.RECEIVED

        assert validate(landed) == 0

        file = only(ledger)
        assert file.state is FileState.REJECTED
        assert account.read(f"s3://quarantine/rejected/transactions/{file.file_id}/a.csv")
        assert bus.types == ["FileRejected"]

    def test_a_crash_before_the_verdict_leaves_nothing_but_a_received_file(
        self, account, validate, ledger, monkeypatch
    ):
        landed = account.drop("incoming/transactions/a.csv", csv_file())
        with monkeypatch.context() as crash:
            crash.setattr(adapters.LandedFile, "chunks", lambda *_: (_ for _ in ()).throw(TransientError("reset")))
            assert validate(landed) == 1
        assert only(ledger).state is FileState.RECEIVED

        assert validate(landed) == 0

        assert only(ledger).state is FileState.VALIDATED

    def test_a_file_a_run_has_claimed_is_not_announced_again(self, account, validate, ledger, bus):
        landed = account.drop("incoming/transactions/a.csv", csv_file())
        validate(landed)
        run_id = "transactions-20260131T083000-aaaaaa"
        ledger.locks.acquire("transactions", run_id)
        ledger.runs.claim(run_id, ledger.files.pending("transactions"))

        assert validate(landed) == 0

        assert bus.types == ["FileValidated"]
        assert only(ledger).state is FileState.CLAIMED

    def test_a_message_that_is_no_event_goes_back_and_in_the_end_to_the_dead_letters(self, account, validate, ledger):
        good = account.drop("incoming/transactions/a.csv", csv_file())

        assert validate({"nothing": "known"}, good, {"bucket": {"name": "raw"}}) == 2

        assert only(ledger).state is FileState.VALIDATED
