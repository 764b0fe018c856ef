"""`lake doctor`: check this machine, the AWS account and the lake in it, and say what to do about what is wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import boto3
import typer

from cartlake import contracts
from cartlake.aws import clients as aws
from cartlake.errors import CartlakeError
from cartlake.tables.broken_metadata import BrokenMetadataError
from cartlake.tables.catalog import load_catalog
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.doctor import account, names, parts, state
from cartlake_cli.doctor.findings import Check, Finding, Status, ok, result_of
from cartlake_cli.errors import Exit
from cartlake_cli.migrations.placement import Placement
from cartlake_cli.options import Json  # noqa: TC001 -- typer reads annotations when it runs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FREE_DISK_GB = 4
COLUMNS = ["check", "status", "found", "advice"]


def register(app: typer.Typer) -> None:
    """Add `lake doctor`."""
    app.command("doctor")(doctor)


def doctor(context: typer.Context, json: Json = False) -> None:
    """Check this machine, and the AWS account before and after the first apply. Exits with 1 if a check fails."""
    lake = lake_of(context)
    findings = examine(lake)
    title = "This machine and its lake" if lake.is_local else f"This machine and the account of {lake.environment}"
    lake.output.records(title, COLUMNS, [asdict(finding) for finding in findings])
    if unknown := sum(finding.status is Status.UNKNOWN for finding in findings):
        lake.output.say(f"{unknown} checks are UNKNOWN: they could not be made, so they prove nothing.")
    if any(finding.status is Status.FAIL for finding in findings):
        raise typer.Exit(Exit.NOT_READY if lake.is_local else Exit.FAILED)


def examine(lake: Lake) -> list[Finding]:
    """Return the result of each check."""
    machine = [_python(lake), state.check_terraform()]
    if lake.is_local:
        machine += [_java(lake), _jars(lake), _disk(lake)]
        server, deployment = _server(lake), _deployment(lake)
        machine += [server, deployment]
        if server.status is not Status.OK:
            return machine
    else:
        deployment = _deployment(lake)
        machine.append(deployment)
    deployed = deployment.status is Status.OK
    return [*machine, *_account(lake, deployed=deployed), *([_tables(lake)] if deployed else [])]


def _account(lake: Lake, *, deployed: bool) -> list[Finding]:
    """Return the results of all checks that ask AWS."""
    if lake.is_local or deployed:
        lake.connect()
    checks = [
        Check("Credentials", "sts:GetCallerIdentity", lambda: [account.check_credentials(aws.client("sts"))]),
        *account.checks(aws.client, boto3.session.Session().region_name),
        *([] if lake.is_local else [_state_bucket(lake)]),
        *(parts.checks(aws.client, lake.outputs) if deployed else _names(lake)),
    ]
    return [finding for check in checks for finding in result_of(check)]


def _state_bucket(lake: Lake) -> Check:
    def run() -> list[Finding]:
        folder = lake.terraform_folder
        return state.check_state_bucket(aws.client("s3"), state.backend_settings(folder), folder)

    return Check("State bucket", "s3:ListBucket and s3:GetBucketVersioning on it", run)


def _names(lake: Lake) -> Iterator[Check]:
    """Yield the checks of the names that the first apply will take."""
    if lake.is_local:
        return
    try:
        plan = state.planned(lake.terraform_folder, os.environ)
    except (CartlakeError, OSError) as error:
        why = str(error)
        advice = (
            "Names cannot be checked without a plan: `terraform init -backend-config=backend.hcl` in the folder of the "
            "environment, and `make build PLATFORM=aws`."
        )
        yield Check(
            "Terraform plan", "what the plan reads", lambda: [Finding("Terraform plan", Status.UNKNOWN, why, advice)]
        )
        return
    yield from names.checks(aws.client, names.planned_names(plan))


def _python(lake: Lake) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    # Only what runs here needs exactly that one: the command line also works on newer ones.
    passed = version.startswith("3.11.") or not lake.is_local
    return _passed("Python 3.11", version, passed, "Install Python 3.11 and run `make clean setup`.")


def _java(lake: Lake) -> Finding:
    done = subprocess.run(
        [sys.executable, "-m", "localaws.spark.java"], capture_output=True, text=True, check=False, cwd=lake.root
    )
    found = (done.stdout or done.stderr).strip().rpartition("\n")[2]
    return _passed("Java 17", found, done.returncode == 0, "Run `make setup`: it installs Java 17 into this checkout.")


def _jars(lake: Lake) -> Finding:
    jars = list((lake.root / ".cache" / "jars").rglob("*.jar"))
    return _passed("Spark's jars", f"{len(jars)} files", bool(jars), "Run `make setup`: it fetches them once.")


def _disk(lake: Lake) -> Finding:
    free = shutil.disk_usage(_existing(lake.root)).free / 1e9
    advice = f"Free {FREE_DISK_GB} GB: the lake keeps its objects below .lake/."
    return _passed(f"{FREE_DISK_GB} GB of disk", f"{free:,.0f} GB free", free >= FREE_DISK_GB, advice)


def _passed(check: str, found: str, passed: bool, advice: str) -> Finding:  # noqa: FBT001 - the result of a check
    return ok(check, found) if passed else Finding(check, Status.FAIL, found, advice)


def _existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _server(lake: Lake) -> Finding:
    """Check the embedded AWS."""
    try:
        endpoint = lake.local_variables()["AWS_ENDPOINT_URL"]
        lake.client("sts").get_caller_identity()
    except Exception as error:  # noqa: BLE001  # whatever is wrong, the advice is the same
        return Finding("Embedded AWS", Status.FAIL, str(error).partition("\n")[0], "Run `lake up`.")
    return ok("Embedded AWS", f"answers at {endpoint}")


def _deployment(lake: Lake) -> Finding:
    """Check whether a lake is deployed. Before the first apply there is none, which is no fault of an account."""
    try:
        outputs = lake.outputs
    except Exception as error:  # noqa: BLE001  # as above
        status = Status.FAIL if lake.is_local else Status.WARN
        return Finding(f"Deployment of {lake.environment}", status, "none", str(error).partition("\n")[0])
    return ok(f"Deployment of {lake.environment}", outputs.name_prefix)


def _tables(lake: Lake) -> Finding:
    """Check whether the metadata of each table can be read."""
    found = result_of(Check("Iceberg tables", "glue:GetTable and s3:GetObject", lambda: [_read_tables(lake)]))
    return found[0]


def _read_tables(lake: Lake) -> Finding:
    from pyiceberg.exceptions import NoSuchTableError  # noqa: PLC0415 - a second of import

    lake.connect()
    catalog, where = load_catalog(), Placement(lake.outputs.databases, {})
    described = [table for contract in contracts.load_all() for table in contract.tables]
    missing, broken = [], []
    for table in described:
        try:
            catalog.load_table(where.identifier(table))
        except NoSuchTableError:
            missing.append(table.physical_name)
        except BrokenMetadataError as error:
            broken.append(error)
    if broken:
        advice = " ".join(f"`lake tables repair {error.table}`" for error in broken)
        found = "; ".join(str(error).partition(". `")[0] for error in broken)
        return Finding("Iceberg tables", Status.FAIL, found, advice)
    if missing:
        advice = "`lake tables apply` creates them."
        return Finding("Iceberg tables", Status.FAIL, f"do not exist: {', '.join(missing)}", advice)
    return ok("Iceberg tables", f"{len(described)} can be read")
