"""`lake up`: start the embedded AWS and deploy the lake to it with the same Terraform as to AWS."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from cartlake import contracts
from cartlake_cli.build import Platform, build
from cartlake_cli.commands.local import emulator, kafka
from cartlake_cli.commands.local.home import check_format
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.environments import LOCAL
from cartlake_cli.errors import CommandError, NotReadyError
from cartlake_cli.operations.catalog import apply_changes
from cartlake_cli.operations.raw_files.sweep import sweep
from cartlake_cli.options import Json  # noqa: TC001 -- typer reads annotations when it runs
from cartlake_cli.outputs import OUTPUT
from sources.streams.registry import streams_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


PARALLEL = "-parallelism=30"
"""Most of an apply is waiting for the provider, and the embedded AWS has no limit on parallel requests."""


def register(app: typer.Typer) -> None:
    """Add `lake up`."""
    app.command("up")(up)


def up(
    context: typer.Context,
    force: Annotated[bool, typer.Option(help="Apply even when nothing changed since the last time.")] = False,
    with_kafka: Annotated[
        bool, typer.Option("--with-kafka", help="Also start a Kafka broker with the topics that contracts name.")
    ] = False,
    json: Json = False,
) -> None:
    """Start the embedded AWS, build the artifacts, apply terraform/environments/local, create the tables."""
    lake = lake_of(context)
    if lake.environment != LOCAL:
        raise CommandError(f"`lake up` is for this machine. Deploy {lake.environment} with Terraform.")
    seconds = bring_up(lake, force=force)
    brokers = _start_kafka(lake, seconds) if with_kafka else {}
    if lake.output.as_json:
        lake.output.json({"endpoint": lake.local_variables()["AWS_ENDPOINT_URL"], **brokers, "seconds": seconds})
        return
    lake.output.say(f"[green]The lake is up[/green] at {lake.local_variables()['AWS_ENDPOINT_URL']}.")
    lake.output.say('Other AWS clients reach it after [bold]eval "$(lake env)"[/bold].')


def bring_up(lake: Lake, *, force: bool = False) -> dict[str, float]:
    """Do what `lake up` does; returns the seconds of each phase. Safe to repeat.

    Raises NotReadyError when a tool is missing and CommandError when Terraform fails.
    """
    _ = lake.terraform_folder  # read first: it raises where there is no checkout, before anything is created
    check_format(lake.home)
    seconds: dict[str, float] = {}
    applied = lake.home / "applied.sha256"
    was_running = emulator.status(lake.root) is not None
    with _phase(lake, seconds, "start", "Starting the embedded AWS"):
        emulator.start(lake.root)
    with ThreadPoolExecutor(1) as pool, _phase(lake, seconds, "build", "Building the artifacts"):
        # The first time Terraform downloads its provider, for which it need not wait.
        initialized = None if applied.exists() else pool.submit(init, lake)
        manifest = build(lake.root, Platform.HOST)
    fingerprint = _fingerprint(lake, manifest)
    if not force and applied.exists() and applied.read_text() == fingerprint:
        lake.output.say("Nothing changed since the last apply.")
    else:
        with _phase(lake, seconds, "terraform", "Applying terraform/environments/local (about two minutes)"):
            if initialized:
                initialized.result()
            apply(lake, initialized=initialized is not None)
        # Computed again: the apply has changed the Terraform state, which is part of it.
        applied.write_text(_fingerprint(lake, manifest))
    with _phase(lake, seconds, "tables", "Creating tables and views from the contracts"):
        apply_changes(lake)
    with _phase(lake, seconds, "sweep", "Looking for files that were forgotten"):
        # Nothing was under way before a start, so nothing is too young to be lost.
        found = sweep(lake, grace_seconds=None if was_running else 0)
    if found["found"]:
        lake.output.say(f"{found['found']} files or runs had been interrupted; they are loaded now.")
    return seconds


def _start_kafka(lake: Lake, seconds: dict[str, float]) -> dict[str, str]:
    broker = kafka.broker_of(lake.root)
    with _phase(lake, seconds, "kafka", "Starting Kafka"):
        kafka.start(broker, streams_of(contracts.load_all()))
    lake.output.say(f"Kafka listens on {broker.address}. Send it orders: [bold]lake produce orders[/bold].")
    return {"kafka": broker.address}


def init(lake: Lake) -> None:
    """Run `terraform init` in environments/local. Raises as `terraform` does.

    Terraform remembers where the state is. A release beside this checkout may have a link for `.lake`, and be removed.
    """
    state = lake.home.resolve() / "terraform.tfstate"
    terraform(lake, "init", "-input=false", "-reconfigure", f"-backend-config=path={state}")


def apply(lake: Lake, *, initialized: bool = False) -> None:
    """Run `terraform init`, unless that was done, and `apply`; write the outputs to `.lake/outputs.json`."""
    if not initialized:
        init(lake)
    terraform(lake, "apply", "-input=false", "-auto-approve", PARALLEL)
    outputs = json.loads(terraform(lake, "output", "-json", OUTPUT))
    (lake.home / "outputs.json").write_text(json.dumps(outputs, indent=2))
    lake.__dict__.pop("outputs", None)  # the cached value is from before this apply


def destroy(lake: Lake) -> None:
    """Run `terraform destroy` in environments/local."""
    terraform(lake, "destroy", "-input=false", "-auto-approve", PARALLEL)


def terraform(lake: Lake, *arguments: str) -> str:
    """Run Terraform in environments/local against the embedded AWS; returns what it printed.

    Raises NotReadyError where Terraform is missing, CommandError with its message where it fails.
    """
    log = lake.home / "logs" / "terraform.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = ["terraform", f"-chdir={lake.terraform_folder}", *arguments, "-no-color"]
    if arguments[0] == "output":
        command.pop()
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=terraform_environment(lake))
    except FileNotFoundError as error:
        raise NotReadyError("Terraform is not on PATH. `lake doctor` says what to install.") from error
    with log.open("a", encoding="utf-8") as file:
        file.write(f"$ terraform {' '.join(arguments)}\n{done.stdout}{done.stderr}\n")
    if done.returncode:
        shown = done.stderr.strip() or done.stdout.strip()[-4000:]  # a plan with changes has no error
        raise CommandError(f"`terraform {arguments[0]}` failed:\n{shown}\nThe whole output is in {log}.")
    return done.stdout


def terraform_environment(lake: Lake) -> dict[str, str]:
    """Return the environment variables for Terraform to deploy to this checkout's embedded AWS."""
    # A profile or session token of the user must not reach the embedded AWS, nor Terraform a real account.
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        "GOGC": "400",  # Terraform collects garbage less often, which takes a quarter less processor time
        **own,
        **lake.local_variables(),
        "TF_DATA_DIR": str(lake.home / "terraform"),
        "TF_IN_AUTOMATION": "1",
        "TF_VAR_lambda_architecture": lambda_architecture(),
        **_plugin_cache(lake.root),
    }


def lambda_architecture() -> str:
    """Return AWS Lambda's name for the processor of this machine."""
    return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"


def _plugin_cache(root: Path) -> dict[str, str]:
    cache = root / ".cache" / "terraform-plugins"
    cache.mkdir(parents=True, exist_ok=True)
    return {"TF_PLUGIN_CACHE_DIR": str(cache), "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE": "true"}


def _fingerprint(lake: Lake, manifest: Path) -> str:
    """Return a hash of all that an apply depends on: artifacts, Terraform, state machines, queries, and the state."""
    digest = hashlib.sha256(manifest.read_bytes())
    for folder, pattern in (("terraform", "*.tf"), ("state_machines", "*.json"), ("athena_queries", "*.sql")):
        for path in sorted((lake.root / folder).rglob(pattern)):
            if ".terraform" not in path.parts:
                digest.update(path.relative_to(lake.root).as_posix().encode() + path.read_bytes())
    state = lake.home / "terraform.tfstate"
    digest.update(state.read_bytes() if state.exists() else b"")
    return digest.hexdigest()


@contextmanager
def _phase(lake: Lake, seconds: dict[str, float], name: str, title: str) -> Iterator[None]:
    started = time.monotonic()
    if lake.output.as_json:
        yield
    else:
        with lake.output.messages.status(title):
            yield
    seconds[name] = round(time.monotonic() - started, 2)
    lake.output.say(f"{title}: {seconds[name]:.1f} s")
