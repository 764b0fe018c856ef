"""Replay: each quarantined row and each failed file goes through the lake again once, whatever dies in between."""

import json
from types import SimpleNamespace

import boto3
import pytest

from cartlake.aws.objects import S3Uri
from cartlake.aws.s3 import head
from cartlake.ledger import Content, FileState, ObjectVersion, UnknownFileError
from cartlake.runs.documents import FileFormat
from cartlake_cli.errors import CommandError
from cartlake_cli.operations import replay
from cartlake_cli.operations.upload import landed_as

DATASET = "transactions"
RUN = "transactions-20260131T083000-aaaaaa"
MAJOR = "1.0.0"


@pytest.fixture
def raw(lake):
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="raw")
    s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    return s3


@pytest.fixture
def sent(raw):
    """The versions of replay files, each a list of records."""

    def versions():
        listed = raw.list_object_versions(Bucket="raw", Prefix=f"incoming/{DATASET}/replay/").get("Versions", [])
        bodies = [raw.get_object(Bucket="raw", Key=one["Key"], VersionId=one["VersionId"])["Body"] for one in listed]
        return [[json.loads(line) for line in body.read().splitlines()] for body in bodies]

    return versions


@pytest.fixture
def again(lake, quarantine):
    return lambda reason=None, run_id=None: replay.replay_rows(lake, DATASET, reason, run_id)


class TestRows:
    def test_rows_go_back_in_one_file_with_their_ids(self, quarantine, again, sent):
        quarantine.add("r1")
        quarantine.add("r2")

        done = again()

        assert (done.rows, done.not_replayable, len(done.file_ids)) == (2, 0, 1)
        assert sent() == [[{"order_id": row, replay.ROW_ID_KEY: row} for row in ("r1", "r2")]]

    def test_a_second_replay_sends_nothing(self, quarantine, again, sent):
        quarantine.add("r1")
        again()

        assert again() == replay.Replayed(0, 0, [])
        assert len(sent()) == 1

    def test_a_replay_that_died_before_its_file_was_written_is_finished_by_the_next(
        self, lake, quarantine, again, sent, monkeypatch
    ):
        def dies(*_):
            raise RuntimeError

        quarantine.add("r1")
        with monkeypatch.context() as broken:
            broken.setattr(replay, "_send", dies)
            with pytest.raises(RuntimeError):
                again()
        assert (quarantine.replayed(), sent()) == (["r1"], [])
        quarantine.add("r2")

        assert again().rows == 2
        assert sorted(record["order_id"] for file in sent() for record in file) == ["r1", "r2"]
        assert again().rows == 0

    def test_rows_that_another_replay_claimed_meanwhile_are_sent_by_it_alone(self, lake, quarantine, sent, monkeypatch):
        quarantine.add("r1")
        quarantine.add("r2")
        run = quarantine.run

        def other_is_faster(sql, parameters=(), database=""):
            if sql.startswith("update"):
                run("update ops.quarantine_rows set replay_id = 'replay-other' where row_id = 'r1'")
            return run(sql, parameters, database)

        monkeypatch.setattr(quarantine, "run", other_is_faster)

        assert replay.replay_rows(lake, DATASET, None, None).rows == 1
        assert [[record["order_id"] for record in file] for file in sent()] == [["r2"]]

    def test_rows_that_could_not_be_split_are_counted_and_stay(self, quarantine, again, sent):
        quarantine.add("r1", record={replay.UNPARSEABLE_KEY: "a,b"})

        assert again() == replay.Replayed(0, 1, [])
        assert (quarantine.replayed(), sent()) == ([], [])

    def test_only_the_chosen_rows_are_sent(self, quarantine, again, raw):
        quarantine.add("r1", reason="negative")
        quarantine.add("r2", run_id="transactions-other")
        quarantine.add("r3", dataset="events")
        quarantine.add("r4", superseded_by="transactions-later")

        again(reason="negative", run_id=RUN)
        assert quarantine.replayed() == ["r1"]
        again()
        assert quarantine.replayed() == ["r1", "r2"]

    def test_more_rows_than_one_statement_takes_are_one_file(self, quarantine, again, sent, monkeypatch):
        monkeypatch.setattr(replay, "BATCH", 2)
        for number in range(5):
            quarantine.add(f"r{number}")

        assert again().rows == 5
        assert [len(file) for file in sent()] == [5]

    def test_of_full_copies_only_rows_of_the_newest_are_sent(self, lake, quarantine, again, raw, landed, first_major):
        first_major.full_copy = True
        file = landed()
        quarantine.add("r1", file_id=file.file_id)
        quarantine.add("r2", file_id="older")
        assert again().rows == 0

        lake.ledger.copies.note(file)

        assert again().rows == 1
        assert quarantine.replayed() == ["r1"]

    def test_rows_of_a_failed_file_come_with_their_file(self, lake, quarantine, again, raw, failed):
        quarantine.add("r1", file_id=failed().file_id)

        assert again().rows == 0


@pytest.fixture
def landed(lake, raw):
    def land(body=b"rows"):
        put = raw.put_object(Bucket="raw", Key=f"incoming/{DATASET}/a.csv", Body=body)
        version = ObjectVersion(
            bucket="raw", key=f"incoming/{DATASET}/a.csv", version_id=put["VersionId"], etag=put["ETag"], size=len(body)
        )
        return lake.ledger.files.receive(DATASET, version)

    return land


@pytest.fixture
def failed(lake, landed):
    def fail(version=MAJOR):
        content = Content(sha256="aa", contract_version=version, format=FileFormat(kind="csv"), row_estimate=1)
        file = lake.ledger.files.validated(landed().file_id, content)
        lake.ledger.locks.acquire(DATASET, RUN)
        lake.ledger.runs.start(RUN)
        lake.ledger.runs.claim(RUN, [file])
        lake.ledger.runs.fail(RUN, "JobFailed", "no memory")
        lake.ledger.locks.release(DATASET, RUN)
        return lake.ledger.files.get(file.file_id)

    return fail


@pytest.fixture(autouse=True)
def first_major(monkeypatch):
    table = SimpleNamespace(full_copy=None)
    monkeypatch.setattr(replay.contracts, "load", lambda _: SimpleNamespace(major=1, table=table))
    return table


class TestFiles:
    def test_a_failed_file_waits_for_the_next_run_which_is_started(self, lake, others, failed):
        file = failed()

        assert replay.replay_files(lake, DATASET, None) == [file.file_id]

        assert lake.ledger.files.get(file.file_id).state is FileState.VALIDATED
        assert [json.loads(call["Payload"])["subject"] for call in others.invoked] == [DATASET]

    def test_it_is_sent_once(self, lake, others, failed):
        failed()
        replay.replay_files(lake, DATASET, None)

        assert replay.replay_files(lake, DATASET, None) == []
        assert len(others.invoked) == 1

    def test_only_files_of_the_chosen_run_are_sent(self, lake, others, failed):
        failed()

        assert replay.replay_files(lake, DATASET, "transactions-other") == []
        assert others.invoked == []

    def test_a_run_is_replayed_with_the_files_that_it_rejected(self, lake, raw, landed, others):
        content = Content(sha256="aa", contract_version=MAJOR, format=FileFormat(kind="csv"), row_estimate=1)
        file = lake.ledger.files.validated(landed().file_id, content)
        lake.ledger.locks.acquire(DATASET, RUN)
        lake.ledger.runs.start(RUN)
        lake.ledger.runs.claim(RUN, [file])
        lake.ledger.files.reject_claimed(file, RUN, "unreadable", "It is broken.")

        assert replay.replay_files(lake, DATASET, "transactions-other") == []
        [file_id] = replay.replay_files(lake, DATASET, RUN)
        assert file_id != file.file_id

    def test_one_file_is_replayed_without_the_others(self, lake, raw, landed, others, failed):
        file, other = failed(), lake.ledger.files.rejected(landed(b"other").file_id, "empty_file", "It has no row.")

        assert replay.replay_chosen(lake, DATASET, [file.file_id]) == [file.file_id]

        assert lake.ledger.files.get(file.file_id).state is FileState.VALIDATED
        assert lake.ledger.files.get(other.file_id).state is FileState.REJECTED
        [file_id] = replay.replay_chosen(lake, DATASET, [other.file_id])
        assert file_id != other.file_id

    def test_a_chosen_file_that_cannot_be_replayed_says_why_and_sends_none(self, lake, raw, landed, others, failed):
        file = failed()
        gone = lake.ledger.files.rejected(landed(b"gone").file_id, "empty_file", "It has no row.")
        raw.delete_object(Bucket="raw", Key=gone.key)
        waiting = replay.replay_chosen(lake, DATASET, [file.file_id])

        with pytest.raises(CommandError, match=r"a\.csv\) cannot be replayed: its object was deleted or overwritten"):
            replay.replay_chosen(lake, DATASET, [gone.file_id])
        with pytest.raises(CommandError, match=r"it is VALIDATED\. Only FAILED and REJECTED"):
            replay.replay_chosen(lake, DATASET, waiting)
        with pytest.raises(CommandError, match=rf"it is of {DATASET}\. Name that"):
            replay.replay_chosen(lake, "vendors", [gone.file_id])
        with pytest.raises(UnknownFileError):
            replay.replay_chosen(lake, DATASET, ["0" * 32])
        assert len(others.invoked) == 1

    def test_a_copy_that_would_delete_too_much_is_let_through_as_it_is(self, lake, raw, landed, others):
        content = Content(sha256="aa", contract_version=MAJOR, format=FileFormat(kind="csv"), row_estimate=1)
        file = lake.ledger.files.validated(landed().file_id, content)
        lake.ledger.locks.acquire(DATASET, RUN)
        lake.ledger.runs.start(RUN)
        lake.ledger.runs.claim(RUN, [file])
        lake.ledger.files.reject_claimed(file, RUN, "too_many_deleted", "It lacks 3 of 4 keys.")
        other = lake.ledger.files.rejected(landed(b"other").file_id, "empty_file", "It has no row.")

        with pytest.raises(
            CommandError, match="its reason is empty_file, and --accept-deletes is for too_many_deleted"
        ):
            replay.replay_chosen(lake, DATASET, [other.file_id], accept_deletes=True)

        raw.delete_object(Bucket="raw", Key=other.key, VersionId=other.version_id)
        assert replay.replay_chosen(lake, DATASET, [file.file_id], accept_deletes=True) == [file.file_id]
        found = lake.ledger.files.get(file.file_id)
        assert (found.state, found.accepts_deletes) == (FileState.VALIDATED, True)
        assert len(others.invoked) == 1

    def test_a_file_that_is_validated_again_is_as_old_as_it_was(self, lake, raw, landed, others):
        rejected = lake.ledger.files.rejected(landed().file_id, "empty_file", "It has no row.")
        place = S3Uri("raw", rejected.key)
        written_at = head(place).written_at

        for _ in range(2):
            [file_id] = replay._replay(lake, DATASET, [rejected])
            copied = head(place)
            assert landed_as(place, copied).file_id == file_id != rejected.file_id
            assert copied.written_at == written_at
            assert raw.head_object(Bucket="raw", Key=rejected.key)["Metadata"] == {"cartlake-written-at": written_at}

    def test_a_rejected_file_is_a_new_version_with_the_id_that_is_returned(self, lake, raw, landed, others):
        rejected = lake.ledger.files.rejected(landed().file_id, "empty_file", "It has no row.")

        [file_id] = replay.replay_files(lake, DATASET, None)

        now = raw.head_object(Bucket="raw", Key=rejected.key)
        same = ObjectVersion(bucket="raw", key=rejected.key, version_id=now["VersionId"], etag=now["ETag"], size=4)
        assert now["VersionId"] != rejected.version_id
        assert file_id == same.file_id
        assert others.invoked == []

    @pytest.mark.parametrize("since", ["replaced", "deleted"])
    def test_a_rejected_file_that_is_no_longer_there_is_left_alone(self, lake, raw, landed, since):
        rejected = lake.ledger.files.rejected(landed().file_id, "empty_file", "It has no row.")
        if since == "replaced":
            raw.put_object(Bucket="raw", Key=rejected.key, Body=b"corrected")
        else:
            raw.delete_object(Bucket="raw", Key=rejected.key)

        assert replay.replay_files(lake, DATASET, None) == []

    def test_a_failed_file_of_another_major_version_is_validated_again(self, lake, raw, others, failed):
        file = failed("2.1.0")

        [file_id] = replay.replay_files(lake, DATASET, None)

        assert file_id != file.file_id
        assert lake.ledger.files.get(file.file_id).state is FileState.FAILED
        assert others.invoked == []
