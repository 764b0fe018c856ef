import json

import pytest
import typer
from typer.testing import CliRunner

from cartlake_cli.commands.local import commands
from cartlake_cli.context import Lake
from cartlake_cli.output import Output


@pytest.fixture
def run(tmp_path):
    """Run `lake ARGUMENTS` for a state root where a server once listened on port 20001."""
    (tmp_path / ".lake" / "logs").mkdir(parents=True)
    (tmp_path / ".lake" / "server.json").write_text('{"port": 20001, "pid": 1, "endpoint": "http://127.0.0.1:20001"}')
    (tmp_path / ".lake" / "logs" / "server.log").write_text("one\ntwo\nthree\n")
    app = typer.Typer()

    @app.callback()
    def choose(context: typer.Context) -> None:
        context.obj = Lake("local", Output(), root=tmp_path)

    commands.register(app)
    return lambda *arguments: CliRunner().invoke(app, arguments)


def test_env_can_be_evaluated_by_a_shell(run):
    lines = run("env").stdout.splitlines()

    assert lines[0] == "export AWS_ENDPOINT_URL=http://127.0.0.1:20001"
    assert all(line.startswith("export AWS_") for line in lines)


def test_env_has_a_form_for_programs(run):
    assert json.loads(run("env", "--json").stdout)["AWS_REGION"] == "us-east-1"


def test_the_last_lines_of_the_servers_log_are_printed(run):
    assert run("logs", "--lines", "2").stdout == "two\nthree\n"


def test_down_without_a_server_says_so_and_keeps_the_data(run, tmp_path):
    assert json.loads(run("down", "--json").stdout) == {"stopped": False, "wiped": False}
    assert (tmp_path / ".lake").exists()


def test_down_wipe_forgets_everything(run, tmp_path):
    assert json.loads(run("down", "--wipe", "--json").stdout) == {"stopped": False, "wiped": True}
    assert not (tmp_path / ".lake").exists()
