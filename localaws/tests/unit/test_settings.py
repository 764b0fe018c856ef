"""Settings from arguments, variables and defaults; the README lists all settings and extensions."""

import re
from pathlib import Path

import pytest

from localaws import serve
from localaws.settings import Settings, SettingsError, load

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(f"LOCALAWS_{name.upper()}", raising=False)


def test_an_argument_overrides_a_variable_and_a_variable_the_default(monkeypatch):
    monkeypatch.setenv("LOCALAWS_PORT", "20001")
    monkeypatch.setenv("LOCALAWS_SPARK_MEMORY", "3g")

    found = load(port=20_002)

    assert (found.port, found.spark_memory, found.athena_memory) == (20_002, "3g", "2GB")


def test_another_process_loads_the_same_settings(monkeypatch, tmp_path):
    given = load(home=tmp_path / "home", cache=tmp_path, port=20_001, auth=True, without=("s3_events", "retention"))

    for name, value in given.environment().items():
        monkeypatch.setenv(name, value)

    assert load() == given


def test_folders_are_absolute_whatever_the_current_folder_is_later(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    assert load(home="aws").home == tmp_path / "aws"


def test_downloads_are_shared_by_the_projects_of_a_user(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert load().cache == tmp_path / "localaws"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LOCALAWS_PORT", "many"),
        ("LOCALAWS_PORT", "70000"),
        ("LOCALAWS_AUTH", "perhaps"),
        ("LOCALAWS_AUTOSAVE_SECONDS", "0"),
    ],
)
def test_the_error_for_an_invalid_value_names_its_variable(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)

    with pytest.raises(SettingsError, match=variable):
        load()


def test_the_readme_lists_every_setting_and_no_other():
    assert set(re.findall(r"^\| `(LOCALAWS_\w+)` \|", README, re.MULTILINE)) == {
        f"LOCALAWS_{name.upper()}" for name in Settings.model_fields
    }


def test_the_readme_lists_every_extension_and_no_other():
    table = README.partition("## Extensions")[2].partition("\n\nTo add one")[0]

    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(serve.extension_names())
