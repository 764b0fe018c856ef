"""The server's side of a Spark worker, without Spark."""

import pytest

from localaws.spark import worker_process
from localaws.spark.ivy import JarsError
from localaws.spark.worker_process import Worker, WorkerSettings


def test_no_process_is_started_when_sparks_jars_are_missing(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(worker_process.subprocess, "Popen", lambda *_, **__: started.append(1))
    monkeypatch.setenv("LOCALAWS_CACHE", str(tmp_path))

    with pytest.raises(JarsError, match="downloads them"):
        Worker(WorkerSettings("http://127.0.0.1:1", tmp_path, tmp_path / "spark.log"), {})

    assert started == []
