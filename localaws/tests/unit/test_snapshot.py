import json

import pytest

from localaws.snapshot import BlobStore, Snapshots, reading_order


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
