"""A plan that would destroy what is protected is refused as a whole, whatever the command. It needs no AWS."""

import os
import subprocess
from pathlib import Path

import pytest

MODULES = Path(__file__).parents[2] / "terraform" / "modules"
REFUSED = "Instance cannot be destroyed"
ROOT = """
variable "deletion_protection" {{ default = true }}
variable "name" {{ default = "lake" }}
variable "zones" {{
  type    = list(string)
  default = ["raw"]
}}

resource "terraform_data" "bucket" {{
  for_each         = toset(var.zones)
  triggers_replace = "${{var.name}}-${{each.key}}"
}}

module "protection" {{
  source    = "{modules}/protection"
  enabled   = var.deletion_protection
  protected = {{ for zone, bucket in terraform_data.bucket : "bucket ${{zone}}" => bucket.id }}
}}
"""


class Root:
    """A root with one bucket, as far as Terraform knows, that was applied."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.joinpath("main.tf").write_text(ROOT.format(modules=MODULES))
        assert self.run("init").returncode == 0
        assert self.run("apply", "-auto-approve").returncode == 0

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["terraform", f"-chdir={self.folder}", *arguments, "-no-color"]
        own = os.environ | {"TF_DATA_DIR": str(self.folder / ".terraform")}
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=own)

    @property
    def state(self) -> bytes:
        return self.folder.joinpath("terraform.tfstate").read_bytes()


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


def test_no_single_command_destroys_or_replaces_what_is_protected(root):
    before = root.state

    for command in (
        ("destroy",),
        ("apply", "-destroy"),
        ("destroy", '-target=terraform_data.bucket["raw"]'),
        ("destroy", "-refresh=false", "-var=deletion_protection=false"),
        ("apply", "-var=deletion_protection=false"),
        ("apply", "-var=name=renamed"),
        ("apply", '-replace=terraform_data.bucket["raw"]'),
    ):
        done = root.run(*command, "-auto-approve")

        assert done.returncode, command
        assert REFUSED in done.stderr, command
        assert root.state == before, command


def test_more_can_be_protected_later(root):
    done = root.run("apply", "-auto-approve", '-var=zones=["raw","curated"]')

    assert done.returncode == 0, done.stderr
    assert REFUSED in root.run("destroy", "-auto-approve", '-target=terraform_data.bucket["curated"]').stderr


def test_protection_is_lifted_by_a_command_of_its_own(root):
    assert root.run("state", "rm", "module.protection").returncode == 0

    done = root.run("destroy", "-auto-approve", "-var=deletion_protection=false")

    assert done.returncode == 0, done.stderr
    assert "1 destroyed" in done.stdout
