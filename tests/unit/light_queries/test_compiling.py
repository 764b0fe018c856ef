"""Queries are compiled again when what they are made of changed, and only those of contracts that changed."""

import json
from types import SimpleNamespace

import pytest

from cartlake_cli.light_queries import compiling
from cartlake_cli.light_queries.compiling import CompileError, Unit, compiled_queries

CODE = "glue_jobs/transforms/orders.py"
CONTRACT = "contracts/orders.odcs.yaml"


@pytest.fixture
def checkout(tmp_path):
    for name in (CODE, CONTRACT):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text("version: 1\n")
    return tmp_path


@pytest.fixture
def runs(checkout, monkeypatch):
    """The processes that were started to compile; each does so with one unit that depends on one file of code."""
    started = []

    def start(command, *, cwd, **_):
        started.append(command)
        monkeypatch.chdir(cwd)
        compiling.main()
        return SimpleNamespace(returncode=0, stderr="")

    class Pool:
        def __init__(self, *_, initializer, initargs):
            self.known = dict(*initargs)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def map(self, _, units):
            version = (checkout / CONTRACT).read_text()
            text = self.known.get(version, f"select {len(started)}")
            return [compiling.Compiled({version: text}, frozenset({CODE})) for _ in units]

    monkeypatch.setattr(compiling.subprocess, "run", start)
    monkeypatch.setattr(compiling, "ProcessPoolExecutor", Pool)
    monkeypatch.setattr(compiling, "_units", lambda: [Unit("orders", "load")])
    return started


def compiled(checkout):
    return json.loads(compiled_queries(checkout).read_text())


def test_nothing_is_compiled_while_all_is_the_same(checkout, runs):
    first = compiled(checkout)

    assert compiled(checkout) == first == {"version: 1\n": "select 1"}
    assert len(runs) == 1


def test_all_is_compiled_again_when_code_changed(checkout, runs):
    compiled(checkout)
    (checkout / CODE).write_text("version: 2\n")

    assert compiled(checkout) == {"version: 1\n": "select 2"}


def test_code_that_is_gone_has_changed(checkout, runs):
    compiled(checkout)
    (checkout / CODE).unlink()

    assert compiled(checkout) == {"version: 1\n": "select 2"}


def test_queries_are_those_of_the_contracts_there_are_now(checkout, runs):
    compiled(checkout)
    (checkout / CONTRACT).write_text("version: 2\n")

    assert compiled(checkout) == {"version: 2\n": "select 2"}


def test_a_new_contract_leaves_the_queries_of_others(checkout, runs):
    compiled(checkout)
    (checkout / "contracts/refunds.odcs.yaml").write_text("version: 1\n")

    assert compiled(checkout) == {"version: 1\n": "select 1"}
    assert len(runs) == 2


def test_all_is_compiled_again_with_another_version_of_a_library(checkout, runs, monkeypatch):
    compiled(checkout)
    monkeypatch.setattr(compiling, "version", lambda _: "next")

    assert compiled(checkout) == {"version: 1\n": "select 2"}


def test_all_is_compiled_again_when_what_is_known_is_lost(checkout, runs):
    compiled(checkout)
    (checkout / compiling.FOLDER / "known.json").write_text("{")

    assert compiled(checkout) == {"version: 1\n": "select 2"}


def test_two_sets_of_contracts_do_not_take_turns(checkout, runs):
    compiled(checkout)
    for version in (2, 1, 2):
        (checkout / CONTRACT).write_text(f"version: {version}\n")
        assert compiled(checkout) == {f"version: {version}\n": f"select {version}"}

    assert len(runs) == 2


def test_a_process_that_fails_is_an_error_with_its_message(checkout, monkeypatch):
    failed = SimpleNamespace(returncode=1, stderr="No module named duckdb")
    monkeypatch.setattr(compiling.subprocess, "run", lambda *_, **__: failed)

    with pytest.raises(CompileError, match="could not be compiled: No module named duckdb"):
        compiled_queries(checkout)


def test_the_queries_of_a_unit_that_fails_are_compiled_in_the_function(checkout, runs, monkeypatch, capsys):
    failing = compiling.Compiled({}, frozenset({CODE}), "ValueError: no such function")
    monkeypatch.setattr(compiling.ProcessPoolExecutor, "map", lambda *_: [failing])

    assert compiled(checkout) == {}
    assert "Not all queries of orders (load) are compiled: ValueError: no such function" in capsys.readouterr().err
