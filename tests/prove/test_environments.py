"""dev, staging and prod as they are, on the embedded AWS: applied, planned again, destroyed where that is allowed.

Only the backend and the form of bucket names are of this machine. Run by `make prove`: each takes some minutes.
"""

import json
import os
import subprocess

import pytest

from cartlake.aws import clients as aws
from cartlake_cli.build import Platform, build
from cartlake_cli.commands.local import emulator
from cartlake_cli.commands.local.up import PARALLEL, terraform_environment
from cartlake_cli.context import Lake
from cartlake_cli.output import Output
from tests.e2e.test_destroy import whats_there

PROTECTED = ("staging", "prod")
OVERRIDE = """terraform {
  backend "local" {}
}

provider "aws" {
  s3_use_path_style = true
}
"""


@pytest.fixture
def lake(checkout, monkeypatch):
    """An embedded AWS with nothing in it, and the artifacts built."""
    monkeypatch.setenv("CARTLAKE_CHECKOUT", str(checkout))
    monkeypatch.setenv("LOCALAWS_AUTH", "1")
    aws.client.cache_clear()
    emulator.start(checkout)
    build(checkout, Platform.HOST)
    yield Lake("local", Output(as_json=True), root=checkout)
    emulator.stop(checkout)
    aws.client.cache_clear()


@pytest.fixture
def root(request, lake, tmp_path):
    """Terraform in the folder of an environment: a function that returns exit code and output."""
    folder = lake.root / "terraform" / "environments" / request.param
    (folder / "backend_override.tf").write_text(OVERRIDE)
    environment = terraform_environment(lake) | {"TF_DATA_DIR": str(tmp_path / "data")}

    def run(*arguments):
        command = ["terraform", f"-chdir={folder}", *arguments]
        done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    assert run("init", "-input=false", f"-backend-config=path={tmp_path / 'terraform.tfstate'}")[0] == 0
    return run


@pytest.mark.parametrize(("root", "environment"), [(one, one) for one in ("dev", "staging", "prod")], indirect=["root"])
def test_an_environment_is_applied_whole_and_destroyed_only_where_that_is_allowed(lake, root, environment):
    code, said = root("apply", "-input=false", "-auto-approve", "-no-color", PARALLEL)
    assert code == 0, said[-4000:]

    code, said = root("plan", "-input=false", "-detailed-exitcode", "-no-color")
    assert code == 0, said[-4000:]
    there = whats_there(lake)
    assert len(there) > 20

    code, said = root("destroy", "-auto-approve", "-no-color", PARALLEL)
    assert (code != 0) == (environment in PROTECTED), said[-4000:]
    if environment in PROTECTED:
        assert "Instance cannot be destroyed" in said
        assert whats_there(lake) == there
    else:
        assert json.loads(root("show", "-json")[1]).get("values") is None
        assert {one for one in whats_there(lake) if "default" not in one} == set()
