"""The environment that a command works on: its folder, its deployed resources, its AWS clients and its output."""

import json
import os
import subprocess
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import typer

from cartlake.aws import clients as aws
from cartlake.ledger import Ledger
from cartlake_cli.environments import LOCAL
from cartlake_cli.errors import NotReadyError
from cartlake_cli.output import Output
from cartlake_cli.outputs import OUTPUT, Outputs, read_outputs

LOCAL_REGION = "us-east-1"


ENVIRONMENTS_FOLDER = "terraform/environments"
"""The folder by which a checkout is recognised; an installed wheel does not have it."""


def checkout_root() -> Path:
    """Return the checkout to work on.

    It is CARTLAKE_CHECKOUT, else the one this command line is installed from, else the one that the current folder is
    in, else the current folder.
    """
    if chosen := os.environ.get("CARTLAKE_CHECKOUT"):
        return Path(chosen).resolve()
    here = Path.cwd()
    candidates = (Path(__file__).resolve().parents[1], here, *here.parents)
    return next((folder for folder in candidates if (folder / ENVIRONMENTS_FOLDER).is_dir()), here).resolve()


def local_variables(root: Path) -> dict[str, str]:
    """Return the environment variables for AWS clients to use the embedded AWS of a checkout, running or not.

    Raises NotReadyError when it was never started.
    """
    server = root.resolve() / ".lake" / "server.json"
    if not server.exists():
        raise NotReadyError("The embedded AWS was never started here. Run `lake up` first.")
    return {
        "AWS_ENDPOINT_URL": json.loads(server.read_text())["endpoint"],
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": LOCAL_REGION,
        "AWS_DEFAULT_REGION": LOCAL_REGION,
    }


@dataclass
class Lake:
    """One environment of the lake."""

    environment: str
    output: Output
    root: Path = field(default_factory=checkout_root)

    @property
    def home(self) -> Path:
        """Return the folder in which the embedded AWS of this checkout stores its state."""
        return self.root / ".lake"

    @property
    def is_local(self) -> bool:
        """Return whether the environment is the embedded AWS."""
        return self.environment == LOCAL

    @property
    def terraform_folder(self) -> Path:
        """Return the Terraform root of the environment. Raises NotReadyError where there is no checkout."""
        folder = self.root / ENVIRONMENTS_FOLDER / self.environment
        if not folder.is_dir():
            raise NotReadyError(
                f"There is no {folder}. Change into a checkout of Cartlake, or set CARTLAKE_CHECKOUT to its folder."
            )
        return folder

    @cached_property
    def outputs(self) -> Outputs:
        """Return the Terraform outputs. Raises NotReadyError when this version was not deployed to the environment."""
        return read_outputs(self._cached_outputs() if self.is_local else self._terraform_outputs(), self.environment)

    def connect(self) -> None:
        """Set the variables of this process that every AWS client reads, so that it uses the environment."""
        if self.is_local:
            # Variables, because pyiceberg and Arrow make clients of their own and read only these.
            os.environ.update(self.local_variables())
        else:
            os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = self.outputs.region

    def client(self, service: str) -> Any:
        """Return the boto3 client of a service."""
        self.connect()
        return aws.client(service)

    def patient_client(self, service: str) -> Any:
        """Return a boto3 client that waits 15 minutes for an answer, as long as a Lambda may run, and asks once."""
        self.connect()
        return aws.patient_client(service)

    @cached_property
    def ledger(self) -> Ledger:
        """Return the ledger of the environment."""
        return Ledger(self.outputs.ledger_table, self.client("dynamodb"))

    def local_variables(self) -> dict[str, str]:
        """Return the environment variables for AWS clients to use the embedded AWS. Raises NotReadyError."""
        return local_variables(self.root)

    def _cached_outputs(self) -> Any:
        cached = self.home / "outputs.json"
        if not cached.exists():
            raise NotReadyError("The lake is not deployed to the embedded AWS. Run `lake up` first.")
        return json.loads(cached.read_text())

    def _terraform_outputs(self) -> Any:
        command = ["terraform", f"-chdir={self.terraform_folder}", "output", "-json", OUTPUT]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not done.stdout.strip():
            msg = (
                f"Terraform has no outputs for `{self.environment}`: {done.stderr.strip() or 'nothing is applied'}. "
                f"Run `terraform init` and `terraform apply` in terraform/environments/{self.environment}."
            )
            raise NotReadyError(msg)
        return json.loads(done.stdout)


def lake_of(context: typer.Context) -> Lake:
    """Return the environment that `--env` chose. Raises NotReadyError when a command runs outside the application."""
    lake = context.find_object(Lake)
    if lake is None:  # a command was called without the application around it
        raise NotReadyError("No environment was chosen. Run the command as `lake …`.")
    return lake
