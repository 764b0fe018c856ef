"""What the command line knows of a deployed lake, read from Terraform's one output object."""

import json

import pytest

from cartlake_cli.context import Lake
from cartlake_cli.errors import NotReadyError
from cartlake_cli.output import Output
from cartlake_cli.outputs import Outputs, read_outputs

DEPLOYED = {
    name: {} if str(field.annotation).startswith("dict") else f"some-{name}"
    for name, field in Outputs.model_fields.items()
}


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout whose `terraform` prints the file `answer`, and keeps its arguments in the file `called`."""
    program = tmp_path / "bin" / "terraform"
    program.parent.mkdir()
    (tmp_path / "terraform" / "environments" / "dev").mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "$@" > called\ncat answer 2>/dev/null || { echo "No state" >&2; exit 1; }\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lake_of(environment, root):
    return Lake(environment, Output(), root)


def test_the_outputs_of_a_laptop_are_those_kept_by_its_last_apply(checkout):
    (checkout / ".lake").mkdir()
    (checkout / ".lake" / "outputs.json").write_text(json.dumps(DEPLOYED))

    assert lake_of("local", checkout).outputs == Outputs(**DEPLOYED)
    assert not (checkout / "called").exists()


def test_the_outputs_of_another_environment_are_asked_of_terraform(checkout):
    (checkout / "answer").write_text(json.dumps(DEPLOYED))

    assert lake_of("dev", checkout).outputs.ledger_table == "some-ledger_table"
    assert (checkout / "called").read_text().split() == [
        f"-chdir={checkout}/terraform/environments/dev", "output", "-json", "lake",
    ]  # fmt: skip


def test_an_environment_that_was_never_applied_says_what_to_run(checkout):
    with pytest.raises(NotReadyError, match=r"no outputs for `dev`: No state\. Run `terraform init`"):
        _ = lake_of("dev", checkout).outputs


@pytest.mark.parametrize(
    ("value", "named"),
    [
        pytest.param(DEPLOYED | {"buckets": "raw"}, "buckets", id="of another type"),
        pytest.param(
            {"name_prefix": "x"} | {"ledger": "y"},
            "access_roles, access_workgroups, account_id, alerts_topic_arn",
            id="of version 0.1",
        ),
        pytest.param([], "all of them", id="no object"),
    ],
)
def test_a_lake_of_another_version_names_what_is_missing_and_the_next_step(value, named):
    with pytest.raises(NotReadyError, match=rf"`local` was deployed by another version.*readable: {named}.*`lake up`"):
        read_outputs(value, "local")
