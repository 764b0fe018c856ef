import json
import os
import socket

import pytest

from localaws import server
from localaws.locks import is_locked, try_lock
from localaws.paths import Paths
from localaws.settings import load


@pytest.fixture
def paths(tmp_path):
    (tmp_path / "home").mkdir()
    return Paths(tmp_path / "home")


@pytest.fixture
def settings(paths):
    return load(home=paths.home)


def remember(paths, port, pid=1):
    paths.server_file.write_text(json.dumps({"port": port, "pid": pid, "endpoint": f"http://127.0.0.1:{port}"}))


def test_a_developers_real_aws_settings_never_reach_the_server():
    environment = {
        "AWS_PROFILE": "prod",
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_ENDPOINT_URL": "x",
        "PYTHONPATH": "/elsewhere",
        "PATH": "/bin",
    }

    assert server.server_environment(environment) == {"PATH": "/bin", "TZ": "UTC"}


def test_the_port_of_the_first_start_is_kept(paths, settings):
    first = server.choose_port(settings)
    remember(paths, first + 1)

    assert server.choose_port(settings) == first + 1


def test_homes_have_different_ports(tmp_path):
    chosen = {server.choose_port(load(home=tmp_path / name)) for name in "abcdef"}

    assert len(chosen) == 6
    assert all(20_000 <= port < 30_000 for port in chosen)


def test_a_port_in_use_is_skipped_at_the_first_start(paths, settings):
    wanted = server.choose_port(settings)
    with socket.socket() as other:
        other.bind(("127.0.0.1", wanted))
        other.listen()

        assert server.choose_port(settings) == wanted + 1


def test_the_error_for_a_kept_port_in_use_says_what_to_do(paths, settings):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        remember(paths, other.getsockname()[1])

        with pytest.raises(server.ServerError, match="LOCALAWS_PORT"):
            server.choose_port(settings)


def test_the_port_can_be_chosen(paths, monkeypatch):
    remember(paths, 20_001)
    monkeypatch.setenv("LOCALAWS_PORT", "29999")

    assert server.choose_port(load(home=paths.home)) == 29_999


def test_a_process_id_without_the_lock_is_not_a_running_server(paths, settings):
    remember(paths, 20_001, pid=os.getpid())

    assert server.status(settings) is None


def test_a_held_lock_is_a_running_server(paths, settings):
    remember(paths, 20_001, pid=os.getpid())

    with try_lock(paths.lock):
        assert server.status(settings) == server.Server(20_001, os.getpid(), "http://127.0.0.1:20001")
    assert not is_locked(paths.lock)


def test_to_stop_a_server_that_is_not_running_returns_false(paths, settings):
    assert server.stop(settings) is False


def test_a_running_server_is_not_wiped(paths, settings):
    remember(paths, 20_001)

    with try_lock(paths.lock), pytest.raises(server.ServerError, match="stop it first"):
        server.wipe(settings)
    server.wipe(settings)
    assert not paths.home.exists()


def test_the_variables_of_clients_have_the_kept_port_of_a_stopped_server(paths, settings):
    remember(paths, 20_001)

    assert server.client_environment(settings) == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:20001",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def test_the_error_for_a_server_that_was_never_started_says_so(tmp_path):
    with pytest.raises(server.ServerError, match="never started"):
        server.client_environment(load(home=tmp_path))


def test_a_home_folder_that_cannot_be_deleted_is_an_error(paths, settings, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(server.shutil, "rmtree", refuse)

    with pytest.raises(server.ServerError, match=r"cannot be deleted: .*Permission denied"):
        server.wipe(settings)


def test_a_server_that_ends_while_it_is_being_stopped_has_been_stopped(paths, settings, monkeypatch):
    remember(paths, 20_001)
    held = try_lock(paths.lock)

    def end(*_):
        held.close()
        raise ProcessLookupError

    monkeypatch.setattr(server.os, "kill", end)

    assert server.stop(settings) is True
