"""`lake doctor`: check this machine and its lake, and say how to fix what is missing or broken."""

import re
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cartlake import contracts
from cartlake.tables.broken_metadata import BrokenMetadataError
from cartlake.tables.catalog import load_catalog
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import Exit
from cartlake_cli.migrations.placement import Placement
from cartlake_cli.options import Json

if TYPE_CHECKING:
    from collections.abc import Callable

TERRAFORM_AT_LEAST = (1, 11)
FREE_DISK_GB = 4


@dataclass(frozen=True)
class Finding:
    """The result of one check. `remedy` is empty when it passed."""

    what: str
    found: str
    remedy: str = ""


def register(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor(context: typer.Context, json: Json = False) -> None:
    """Check what the lake needs on this machine, and that its tables can be read. Exits with 3 if a check fails."""
    lake = lake_of(context)
    findings = examine(lake)
    rows = [{**asdict(finding), "ok": not finding.remedy} for finding in findings]
    lake.output.records("This machine", ["what", "found", "ok", "remedy"], rows)
    if any(finding.remedy for finding in findings):
        raise typer.Exit(Exit.NOT_READY)


def examine(lake: Lake) -> list[Finding]:
    """Return the result of each check."""
    checks: list[Callable[[Lake], Finding]] = [_python, _terraform, _java, _jars, _disk, _server, _deployment]
    findings = [check(lake) for check in checks]
    # Without a deployment there are no tables to check.
    return findings if any(finding.remedy for finding in findings[-2:]) else [*findings, _tables(lake)]


def _python(_: Lake) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    remedy = "" if sys.version_info[:2] == (3, 11) else "Install Python 3.11 and run `make clean setup`."
    return Finding("Python 3.11", version, remedy)


def _terraform(_: Lake) -> Finding:
    wanted = "Terraform {}.{} or newer".format(*TERRAFORM_AT_LEAST)
    if shutil.which("terraform") is None:
        return Finding(wanted, "not on PATH", "Install it from your package manager or from HashiCorp's website.")
    answer = subprocess.run(["terraform", "version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"v(\d+)\.(\d+)\.\d+", answer)
    if match is None:
        return Finding(wanted, answer.strip() or "no answer", "`terraform version` should print a version.")
    fine = (int(match[1]), int(match[2])) >= TERRAFORM_AT_LEAST
    return Finding(wanted, match[0], "" if fine else "Upgrade Terraform: state locking in S3 needs 1.11.")


def _java(lake: Lake) -> Finding:
    done = subprocess.run(
        [sys.executable, "-m", "localaws.spark.java"], capture_output=True, text=True, check=False, cwd=lake.root
    )
    remedy = "" if done.returncode == 0 else "Run `make setup`: it installs Java 17 into this checkout."
    return Finding("Java 17", (done.stdout or done.stderr).strip().rpartition("\n")[2], remedy)


def _jars(lake: Lake) -> Finding:
    jars = list((lake.root / ".cache" / "jars").rglob("*.jar"))
    return Finding("Spark's jars", f"{len(jars)} files", "" if jars else "Run `make setup`: it fetches them once.")


def _disk(lake: Lake) -> Finding:
    free = shutil.disk_usage(_existing(lake.root)).free / 1e9
    remedy = "" if free >= FREE_DISK_GB else f"Free {FREE_DISK_GB} GB: the lake keeps its objects below .lake/."
    return Finding(f"{FREE_DISK_GB} GB of disk", f"{free:,.0f} GB free", remedy)


def _existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _server(lake: Lake) -> Finding:
    """Check the embedded AWS, which only the local environment needs."""
    if not lake.is_local:
        return Finding("Embedded AWS", f"not needed for {lake.environment}")
    try:
        endpoint = lake.local_variables()["AWS_ENDPOINT_URL"]
        lake.client("sts").get_caller_identity()
    except Exception as error:  # noqa: BLE001  # whatever is wrong, the remedy is the same
        return Finding("Embedded AWS", str(error).partition("\n")[0], "Run `lake up`.")
    return Finding("Embedded AWS", f"answers at {endpoint}")


def _deployment(lake: Lake) -> Finding:
    try:
        outputs = lake.outputs
    except Exception as error:  # noqa: BLE001  # as above
        return Finding(f"Deployment of {lake.environment}", "none", str(error).partition("\n")[0])
    return Finding(f"Deployment of {lake.environment}", outputs.name_prefix)


def _tables(lake: Lake) -> Finding:
    """Check whether the metadata of each table can be read."""
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
        remedies = " ".join(f"`lake tables repair {error.table}`" for error in broken)
        return Finding("Iceberg tables", "; ".join(str(error).partition(". `")[0] for error in broken), remedies)
    if missing:
        return Finding("Iceberg tables", f"do not exist: {', '.join(missing)}", "`lake tables apply` creates them.")
    return Finding("Iceberg tables", f"{len(described)} can be read")
