"""Checks of Terraform: its version, the bucket of its state, and the names that its plan takes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from cartlake.aws.clients import error_code
from cartlake.aws.s3 import MISSING
from cartlake_cli.doctor.findings import Finding, Status, ok
from cartlake_cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Mapping

TERRAFORM_AT_LEAST: Final = (1, 11)
BACKEND: Final = "backend.hcl"
_SETTING: Final = re.compile(r'^\s*(\w+)\s*=\s*"([^"]*)"', re.MULTILINE)


def backend_settings(folder: Path) -> dict[str, str]:
    """Return the settings of an environment's `backend.hcl`; {} where there is none."""
    file = folder / BACKEND
    return dict(_SETTING.findall(file.read_text())) if file.exists() else {}


def check_state_bucket(s3: Any, settings: Mapping[str, str], folder: Path) -> list[Finding]:
    """FAIL where the bucket of Terraform's state is not named; WARN where it keeps no versions."""
    bucket = settings.get("bucket")
    if not bucket:
        advice = (
            f"Write bucket and region into {folder / BACKEND}; docs/getting-started.md says how to make the bucket."
        )
        return [Finding("State bucket", Status.FAIL, f"{BACKEND} names none", advice)]
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error_code(error) not in MISSING:
            raise
        advice = "docs/getting-started.md says how to make it, before `terraform init`."
        return [Finding("State bucket", Status.FAIL, f"{bucket} does not exist", advice)]
    versioning = s3.get_bucket_versioning(Bucket=bucket).get("Status", "Disabled")
    if versioning != "Enabled":
        command = f"aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled"
        advice = f"Enable it, so that a lost state can be restored: `{command}`."
        return [Finding("State bucket", Status.WARN, f"versioning of {bucket} is {versioning.lower()}", advice)]
    return [ok("State bucket", f"{bucket}, with versions")]


def check_terraform() -> Finding:
    """FAIL without Terraform, or with one that is too old."""
    wanted = "Terraform {}.{} or newer".format(*TERRAFORM_AT_LEAST)
    if shutil.which("terraform") is None:
        advice = "Install it from your package manager or from HashiCorp's website."
        return Finding(wanted, Status.FAIL, "not on PATH", advice)
    answer = subprocess.run(["terraform", "version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"v(\d+)\.(\d+)\.\d+", answer)
    if match is None:
        advice = "`terraform version` should print a version."
        return Finding(wanted, Status.FAIL, answer.strip() or "no answer", advice)
    if (int(match[1]), int(match[2])) < TERRAFORM_AT_LEAST:
        return Finding(wanted, Status.FAIL, match[0], "Upgrade Terraform: state locking in S3 needs 1.11.")
    return ok(wanted, match[0])


def planned(folder: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """Return Terraform's plan of an environment as JSON. Raises CommandError with its message where it cannot plan."""
    with TemporaryDirectory() as scratch:
        file = Path(scratch) / "doctor.tfplan"
        _terraform(folder, environment, "plan", "-input=false", "-lock=false", "-no-color", f"-out={file}")
        shown: dict[str, Any] = json.loads(_terraform(folder, environment, "show", "-json", str(file)))
        return shown


def _terraform(folder: Path, environment: Mapping[str, str], *arguments: str) -> str:
    command = ["terraform", f"-chdir={folder}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(environment))
    if done.returncode:
        fault = next((line for line in done.stderr.splitlines() if line.strip("│╷╵ ")), "it gave no reason")
        raise CommandError(f"`terraform {arguments[0]}` in {folder}: {fault.strip('│╷ ')}")
    return done.stdout
