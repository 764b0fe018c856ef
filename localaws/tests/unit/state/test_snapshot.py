import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError

import pytest

from localaws.state.snapshot import BlobStore, Snapshots, reading_order


def encode(_service, state, put):
    return json.dumps(state, default=put)


def saved(directory, service):
    return json.loads((directory / f"{service}.json").read_text())


def test_only_what_changed_is_written(tmp_path):
    snapshots, state = Snapshots(tmp_path, encode), {"n": 1}
    services = {"s3": lambda: state, "sns": lambda: {"fixed": True}}

    assert snapshots.save(services) == ["s3", "sns"]
    assert snapshots.save(services) == []
    state["n"] = 2
    assert snapshots.save(services) == ["s3"]
    assert saved(tmp_path, "s3") == {"n": 2}


def test_queues_are_read_before_and_tables_after_everything_else():
    assert reading_order({"dynamodb": 1, "lambda": 1, "sqs": 1, "s3": 1}) == ["sqs", "lambda", "s3", "dynamodb"]


def test_a_record_on_disk_is_never_newer_than_the_catalog_it_is_about(tmp_path):
    assert reading_order({"glue": 1, "dynamodb": 1, "s3": 1}) == ["s3", "dynamodb", "glue"]
    done = []

    def ledger():
        state = list(done)
        done.append("loaded")  # while DynamoDB is read, a run commits to Glue and records it
        return state

    Snapshots(tmp_path, encode).save({"glue": lambda: list(done), "dynamodb": ledger})

    assert (saved(tmp_path, "dynamodb"), saved(tmp_path, "glue")) == ([], ["loaded"])


def test_a_crash_between_the_files_leaves_no_record_without_its_effect(tmp_path):
    (tmp_path / "glue.json").mkdir()  # a crash in the middle: this one cannot be replaced
    with pytest.raises(OSError, match="glue"):
        Snapshots(tmp_path, encode).save({"dynamodb": dict, "glue": dict})

    assert not (tmp_path / "dynamodb.json").exists()


def test_a_queue_on_disk_is_never_newer_than_the_table_its_messages_led_to(tmp_path):
    (tmp_path / "dynamodb.json").mkdir()  # a crash in the middle: this one cannot be replaced
    snapshots = Snapshots(tmp_path, encode)

    with pytest.raises(OSError, match="dynamodb"):
        snapshots.save({"sqs": dict, "dynamodb": dict})

    assert not (tmp_path / "sqs.json").exists()


def test_a_state_that_could_not_be_written_is_written_the_next_time(tmp_path):
    (tmp_path / "sns.json").mkdir()
    snapshots = Snapshots(tmp_path, encode)
    with pytest.raises(OSError, match="sns"):
        snapshots.save({"sns": dict})

    (tmp_path / "sns.json").rmdir()

    assert snapshots.save({"sns": dict}) == ["sns"]


def test_a_state_that_changes_while_it_is_read_is_read_again(tmp_path):
    attempts = []

    def restless():
        attempts.append(1)
        if len(attempts) < 3:
            raise RuntimeError("dictionary changed size during iteration")
        return {"calm": True}

    Snapshots(tmp_path, encode).save({"logs": restless})

    assert saved(tmp_path, "logs") == {"calm": True}


def test_a_service_that_cannot_be_saved_does_not_stop_the_others(tmp_path, caplog):
    def broken():
        raise TypeError("not JSON")

    assert Snapshots(tmp_path, encode).save({"logs": broken, "sns": dict}) == ["sns"]
    assert "cannot save the state of logs" in caplog.text


def test_a_service_without_state_keeps_its_file(tmp_path):
    (tmp_path / "ecs.json").write_text("{}")

    Snapshots(tmp_path, encode).save({"ecs": lambda: None})

    assert saved(tmp_path, "ecs") == {}


def test_large_byte_strings_are_stored_once_and_dropped_when_nothing_refers_to_them(tmp_path):
    snapshots, state = Snapshots(tmp_path, encode), {"layer": b"x" * 10}
    services = {"lambda": lambda: state}
    snapshots.save(services)
    first = saved(tmp_path, "lambda")["layer"]
    state["layer"] = b"y" * 10

    snapshots.save(services)

    assert snapshots.blobs.get(saved(tmp_path, "lambda")["layer"]) == b"y" * 10
    with pytest.raises(OSError, match=first):
        snapshots.blobs.get(first)


def test_the_same_content_has_the_same_name(tmp_path):
    blobs = BlobStore(tmp_path)

    assert blobs.put(b"one") == blobs.put(b"on" + b"e")
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "other", [lambda blobs: blobs.put(bytes(bytearray(b"one"))), lambda blobs: blobs.keep_only(set())]
)
def test_content_is_stored_whatever_else_happens_at_the_same_moment(tmp_path, monkeypatch, other):
    blobs, both, write = BlobStore(tmp_path), Barrier(2, timeout=0.5), Path.write_bytes

    def write_slowly(path, content):
        write(path, content)
        with suppress(BrokenBarrierError):  # the other waits until this one is done
            both.wait()

    def at_the_same_moment():
        other(blobs)
        with suppress(BrokenBarrierError):
            both.wait()

    monkeypatch.setattr(Path, "write_bytes", write_slowly)
    with ThreadPoolExecutor() as pool:
        first, second = pool.submit(blobs.put, b"one"), pool.submit(at_the_same_moment)
        second.result()
        assert first.result() == hashlib.sha256(b"one").hexdigest()


class Log:
    """A log that notes what is asked of it."""

    def __init__(self, steps, references=()):
        self.steps = steps
        self._references = set(references)

    def rotate(self):
        self.steps.append("rotate")
        return 7

    def drop_before(self, number):
        self.steps.append(f"drop before {number}")

    def references(self):
        return self._references


def test_the_log_is_cut_at_where_it_was_before_anything_was_read(tmp_path):
    steps = []

    Snapshots(tmp_path, encode).save({"s3": lambda: steps.append("read") or {}}, Log(steps))

    assert steps == ["rotate", "read", "drop before 7"]


def test_the_log_is_kept_when_a_service_could_not_be_read(tmp_path):
    steps = []

    def fails():
        raise ValueError("broken")

    Snapshots(tmp_path, encode).save({"s3": fails, "sns": dict}, Log(steps))

    assert steps == ["rotate"]


def test_the_log_is_kept_when_a_file_could_not_be_written(tmp_path):
    (tmp_path / "s3.json").mkdir()
    steps = []

    with pytest.raises(OSError, match="s3"):
        Snapshots(tmp_path, encode).save({"s3": dict}, Log(steps))

    assert steps == ["rotate"]


def test_byte_strings_of_the_log_are_kept(tmp_path):
    snapshots = Snapshots(tmp_path, encode)
    kept, gone = snapshots.blobs.put(b"of the log"), snapshots.blobs.put(b"of nothing")

    snapshots.save({}, Log([], [kept]))

    assert snapshots.blobs.get(kept) == b"of the log"
    with pytest.raises(OSError, match=gone):
        snapshots.blobs.get(gone)
