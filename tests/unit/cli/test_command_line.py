"""What every user meets first: help, exit codes and error messages."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from typer.testing import CliRunner

from cartlake.errors import TerminalError
from cartlake_cli import main
from cartlake_cli.command_table import COMMANDS, load
from cartlake_cli.errors import CommandError, Exit, NotFoundError, NotReadyError

DOCS = Path(__file__).parents[3] / "docs" / "cli.md"


@pytest.fixture(scope="module")
def application():
    return main.app


def commands(application):
    return set(COMMANDS)


def test_every_command_of_the_documentation_exists_and_every_command_is_documented(application):
    documented = set(re.findall(r"`lake ([a-z]+)", DOCS.read_text()))

    assert commands(application) == documented


def test_the_exit_codes_are_the_documented_ones():
    documented = {int(code) for code in re.findall(r"^\| (\d) \|", DOCS.read_text(), re.MULTILINE)}

    assert documented == {int(code) for code in Exit}


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        pytest.param(NotReadyError("Run `lake up` first."), 3, "lake up", id="not ready"),
        pytest.param(NotFoundError("There is no run x."), 4, "no run x", id="not found"),
        pytest.param(CommandError("It did not hold."), 1, "not hold", id="command failed"),
        pytest.param(TerminalError("Broken [contract]."), 1, "[contract]", id="error of the lake"),
        pytest.param(EndpointConnectionError(endpoint_url="http://x"), 3, "lake up", id="no server"),
        pytest.param(NoCredentialsError(), 3, "Log in", id="no credentials"),
        pytest.param(
            ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject"), 5, "AccessDenied", id="AWS refused"
        ),
        pytest.param(
            ModuleNotFoundError("No module named 'numpy'", name="numpy.random"), 3, "cartlake[laptop]", id="an extra"
        ),
        pytest.param(KeyboardInterrupt(), 1, "Stopped", id="Ctrl-C"),
    ],
)
def test_an_error_is_one_message_and_its_exit_code(monkeypatch, capsys, error, code, says):
    def fails():
        raise error

    monkeypatch.setattr(main, "app", fails)

    with pytest.raises(SystemExit) as ended:
        main.run()

    assert ended.value.code == code
    assert says in capsys.readouterr().err


def test_an_unknown_environment_is_a_usage_error(application):
    result = CliRunner().invoke(application, ["--env", "qa", "status"])

    assert result.exit_code == Exit.USAGE
    assert "local, dev, staging, prod" in " ".join(re.sub("[│\\n]", " ", result.output).split())


@pytest.fixture
def fresh_checkout(tmp_path, monkeypatch):
    monkeypatch.setenv("CARTLAKE_CHECKOUT", str(tmp_path))
    return tmp_path


def test_before_lake_up_commands_say_what_to_do(fresh_checkout):
    done = subprocess.run([Path(sys.executable).with_name("lake"), "runs"], capture_output=True, text=True, check=False)

    assert done.returncode == Exit.NOT_READY
    assert "lake up" in done.stderr


def test_dropping_into_an_unknown_dataset_names_the_known_ones(application, fresh_checkout):
    file = fresh_checkout / "a.csv"
    file.write_text("x")

    result = CliRunner().invoke(application, ["drop", "payments", str(file)])

    assert isinstance(result.exception, NotFoundError)
    assert "transactions" in str(result.exception)


def test_a_missing_file_is_a_usage_error(application):
    assert CliRunner().invoke(application, ["drop", "transactions", "no-such.csv"]).exit_code == Exit.USAGE


def test_contracts_can_be_checked_and_shown_without_a_lake(application, fresh_checkout):
    checked = CliRunner().invoke(application, ["contracts", "check"])
    shown = CliRunner().invoke(application, ["contracts", "show", "transactions", "--json"])

    assert (checked.exit_code, shown.exit_code) == (0, 0)
    assert '"order_id"' in shown.stdout


def test_doctor_names_what_is_missing_and_how_to_get_it(application, fresh_checkout, monkeypatch):
    monkeypatch.setattr("cartlake_cli.commands.lake.doctor.shutil.which", lambda _: None)

    result = CliRunner().invoke(application, ["doctor", "--json"])

    assert result.exit_code == Exit.NOT_READY
    assert "Install it from your package manager" in result.stdout
    assert "Run `lake up`" in result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_says_of_a_command_what_its_docstring_says(name):
    summary = " ".join(load(name).help.split("\n\n")[0].split())

    assert COMMANDS[name].help == summary


def test_the_help_imports_no_command_and_no_aws_client():
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from cartlake_cli.main import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        "print([name for name in sys.modules if name.startswith(('boto', 'cartlake_cli.commands', 'pyiceberg'))])\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_a_python_that_is_too_new_is_refused_with_the_versions_that_work(monkeypatch):
    monkeypatch.setattr(main.sys, "version_info", (3, 14, 0))

    with pytest.raises(SystemExit, match=r"3\.11 to 3\.13, not on 3\.14\.0"):
        main.run()
