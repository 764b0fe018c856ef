"""A whole lake of its own for these tests: a copy of the checkout, deployed by the real Terraform.

There are two deployments, whatever the order of the tests: the first (`lake`), and one (`redeployed`) that brings every
contract that a test corrects or adds. A test that takes the lake down is marked `destroys` and runs last.
"""

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from cartlake.aws import clients as aws
from cartlake.contracts import loading
from cartlake.ledger import FileRecord
from cartlake_cli.athena.client import athena_of
from cartlake_cli.commands.local import emulator
from cartlake_cli.commands.local.up import bring_up
from cartlake_cli.commands.runs.follow import follow_files
from cartlake_cli.context import Lake
from cartlake_cli.functions import ALIAS
from cartlake_cli.main import app
from cartlake_cli.output import Output
from generators.transactions import generate_transactions
from tests.contract.pages import ROOT
from tests.e2e.issuer import AUDIENCE, CLAIM, Issuer
from tests.e2e.shell import commands_below, typed

PARCELS = Path(__file__).with_name("parcels.odcs.yaml")
PARCELS_HEADER = "parcel_id,grams,recipient,shipped_on,updated_at\n"
PARCELS_LINES = """PCL-1,500,"Ada, Countess",2026-11-02,2026-11-02T10:00:00Z
PCL-2,1500,Bob,2026-11-02,2026-11-02T11:00:00Z
PCL-3,20,Cleo,2026-11-03,2026-11-03T10:00:00Z
PCL-4,700,,2026-10-03,2026-10-03T10:00:00Z
"""
RETURNS = Path(__file__).with_name("returns.odcs.yaml")
CARRIERS = Path(__file__).with_name("carriers.odcs.yaml")
PICKUPS = Path(__file__).with_name("pickups.odcs.yaml")
NEW_ACCOUNT = {"LOCALAWS_LAMBDA_CONCURRENCY": "10", "LOCALAWS_THROTTLING": "1"}
MASK = "          - property: cartlake.mask\n            value: domain\n"
DEMO = ("demo", "--days", 3, "--orders-per-day", 20, "--end-date", "2026-09-02")


FIRST = ("test_maintenance.py", "test_forget.py")
"""An erasure reads every object there is, several times, so it comes while there are few; it leaves small files, which
maintenance counts."""

LAST = (
    "test_bad_files.py",  # huge
    "test_alarms.py",  # hundreds of refused rows
    "test_kills.py",  # rows of runs that failed
    "test_stream_kills.py",
    "test_restore.py",
    "test_logs.py",
    "test_permissions.py",  # looks back at all calls
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run `FIRST` first, `LAST` last, and what destroys the lake after everything else."""
    items.sort(key=lambda item: (item.get_closest_marker("destroys") is not None, _place(item.path.name)))


def _place(name: str) -> int:
    if name in FIRST:
        return FIRST.index(name) - len(FIRST)
    return LAST.index(name) + 1 if name in LAST else 0


@pytest.fixture(scope="package")
def issuer() -> Iterator[Issuer]:
    """Who issues the tokens that the API of the lake takes."""
    server = Issuer()
    yield server
    server.close()


@pytest.fixture(scope="package")
def lake(checkout: Path, issuer: Issuer) -> Iterator[Lake]:
    """The lake, up and deployed, with nothing in it yet. IAM is enforced: a role that lacks a permission fails here.

    The account is a new one: ten Lambdas at a time, and API calls at AWS's rates.

    Package scope, and an environment put back as it was: tests of other folders may run in the same process.
    """
    environment = dict(os.environ)
    os.environ |= {"CARTLAKE_CHECKOUT": str(checkout), "LOCALAWS_AUTH": "1", "LOCALAWS_IAM_LOG": "1", **NEW_ACCOUNT}
    jwt = {"issuer": issuer.url, "audiences": [AUDIENCE], "groups_claim": CLAIM}
    os.environ |= {"TF_VAR_api_jwt": json.dumps(jwt)}
    aws.client.cache_clear()
    shutil.copy(PARCELS, checkout / "contracts")
    # Started first: Lambdas and jobs must read the contracts that were deployed with them, never this folder.
    emulator.start(checkout)
    os.environ["CARTLAKE_CONTRACTS_DIR"] = str(checkout / "contracts")
    deployed = Lake("local", Output(as_json=True), root=checkout)
    bring_up(deployed)
    yield deployed
    emulator.stop(checkout)
    aws.client.cache_clear()
    os.environ.clear()
    os.environ |= environment


@pytest.fixture(scope="package")
def run_lake(lake: Lake) -> Callable[..., Result]:
    """Type a `lake` command; returns its result with exit code and standard output."""
    application = app

    def run(*arguments: object, exit_code: int | None = 0) -> Result:
        for cached in (loading._load, loading._stems):  # as in a process of its own
            cached.cache_clear()
        result = CliRunner().invoke(application, [str(argument) for argument in arguments])
        if exit_code is not None:
            assert result.exit_code == exit_code, f"{result.output}\n{result.exception!r}"
        return result

    return run


@pytest.fixture(scope="package")
def rows_of(lake: Lake) -> Callable[[str], list[list[str | None]]]:
    """Ask Athena."""
    return lambda sql: athena_of(lake).run(sql).rows


def generated_orders(parent: Path, rows: int = 200, **options: Any) -> tuple[Path, dict[str, Any]]:
    """Generate one day of order lines nobody else has, below a folder; returns the only file and the manifest."""
    folder = parent / uuid4().hex
    generate_transactions(folder, rows=rows, days=1, seed=uuid4().int % 2**31, **{"dirty": 0.0, **options})
    manifest = json.loads((folder / "manifest.json").read_text())
    file = folder / manifest["files"][0]["name"]
    return file.rename(file.with_name(f"{uuid4().hex}-{file.name}")), manifest


@pytest.fixture
def orders(tmp_path: Path) -> Callable[..., tuple[Path, dict[str, Any]]]:
    """Generate one day of order lines nobody else has; returns the only file and the manifest."""
    return lambda rows=200, **options: generated_orders(tmp_path, rows, **options)


@pytest.fixture(scope="package")
def demo(run_lake: Callable[..., Result]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The demo's three days in the lake; what `lake demo --json` printed the first time and when repeated."""
    first, again = (json.loads(run_lake(*DEMO, "--json").stdout) for _ in range(2))
    return first, again


@dataclass(frozen=True)
class LoadedBefore:
    """What was loaded under the contracts of the first deployment.

    `parcels_run` is the run that loaded the parcels, `refused` a file of 80 order lines, some of which were refused
    for the way they were paid, `renamed` a rejected file of 20 order lines whose `customer_email` has another name.
    """

    parcels_run: str
    refused: FileRecord
    renamed: FileRecord


@pytest.fixture(scope="package")
def loaded_before(
    lake: Lake, run_lake: Callable[..., Result], tmp_path_factory: pytest.TempPathFactory
) -> LoadedBefore:
    folder = tmp_path_factory.mktemp("before")
    parcels = folder / "parcels.csv"
    parcels.write_text(PARCELS_HEADER + PARCELS_LINES)
    orders, _ = generated_orders(folder, 80)
    orders.write_text(orders.read_text().replace(",card,", ",crypto,"))
    renamed, _ = generated_orders(folder, 20)
    renamed.write_text(renamed.read_text().replace("customer_email", "mail_of_customer", 1))
    [loaded] = json.loads(run_lake("drop", "parcels", parcels, "--wait", "--json").stdout)
    [refused] = json.loads(run_lake("drop", "transactions", orders, "--wait", "--json").stdout)
    [rejected] = json.loads(run_lake("drop", "transactions", renamed, "--wait", "--json", exit_code=1).stdout)
    files = lake.ledger.files
    return LoadedBefore(loaded["run_id"], files.get(refused["file_id"]), files.get(rejected["file_id"]))


@pytest.fixture(scope="package")
def redeployed(lake: Lake, run_lake: Callable[..., Result], loaded_before: LoadedBefore) -> LoadedBefore:
    """The lake with two contracts corrected and three added; returns what was loaded before."""
    folder = lake.root / "contracts"
    corrected(folder / PARCELS.name, {"maximum: 1000": "maximum: 2000", "minimum: 1\n": "minimum: 50\n"})
    aliases = f"          - property: cartlake.aliases\n            value: [mail_of_customer]\n{MASK}"
    corrected(folder / "transactions.odcs.yaml", {"validValues: [card,": "validValues: [crypto, card,", MASK: aliases})
    for added in (RETURNS, CARRIERS, PICKUPS):
        shutil.copy(added, folder)
    run_lake("up")
    return loaded_before


def corrected(contract: Path, changes: dict[str, str]) -> None:
    """Change the text of a contract file."""
    text = contract.read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    contract.write_text(text)


@pytest.fixture
def kill_server(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Kill the embedded AWS, with all that it runs, and start it again."""

    def kill() -> None:
        os.kill(emulator.status(lake.root).pid, signal.SIGKILL)
        eventually(lambda: emulator.status(lake.root) is None)
        with monkeypatch.context() as patch:
            patch.delenv("CARTLAKE_CONTRACTS_DIR")  # the new server's Lambdas read the contracts deployed with them
            emulator.start(lake.root)

    return kill


@pytest.fixture
def follow(lake: Lake) -> Callable[[Sequence[str]], list[FileRecord]]:
    """Wait until the files have a final state and no run of their dataset is running."""
    return lambda file_ids: follow_files(lake, "transactions", file_ids, timeout_seconds=120)


@pytest.fixture
def follow_runbook(lake: Lake, tmp_path: Path) -> Callable[..., str]:
    """Type the commands of a runbook below a heading, as on-call would; returns what they printed."""

    def follow(name: str, heading: str, **variables: str) -> str:
        blocks = commands_below(ROOT / "docs" / "runbooks" / f"{name}.md", heading)
        assert blocks
        return typed(tmp_path, blocks, **variables)

    return follow


@pytest.fixture(scope="module")
def alerts(lake: Lake) -> Iterator[Callable[[], list[str]]]:
    """What the topic of alerts delivers from now on: a function that returns the messages so far, as SNS wraps them."""
    sqs, sns, topic = lake.client("sqs"), lake.client("sns"), lake.outputs.alerts_topic_arn
    url = sqs.create_queue(QueueName=f"alerts-{uuid4().hex}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
            }
        ],
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"]
    received: list[str] = []

    def so_far() -> list[str]:
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                received.append(message["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return received

    yield so_far
    sns.unsubscribe(SubscriptionArn=subscription)
    sqs.delete_queue(QueueUrl=url)


def eventually(holds: Callable[[], Any], seconds: float = 60.0) -> Any:
    """What `holds` returns once it is true."""
    deadline = time.monotonic() + seconds
    while not (value := holds()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.2)
    return value


@contextmanager
def environment_of(lake: Lake, function: str, **changed: str) -> Iterator[None]:
    """Change environment variables of a function for the length of a block, in a version of its own."""
    functions, name = lake.client("lambda"), lake.outputs.functions[function]
    right = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    live = functions.get_alias(FunctionName=name, Name=ALIAS)["FunctionVersion"]

    def use(version: str) -> None:
        functions.update_alias(FunctionName=name, Name=ALIAS, FunctionVersion=version)

    try:
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": {**right, **changed}})
        version = functions.publish_version(FunctionName=name)["Version"]
        use(version)
        yield
    finally:
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": right})
        use(live)
        functions.delete_function(FunctionName=name, Qualifier=version)  # Terraform takes the newest for the one in use


def loads_on_spark(lake: Lake) -> AbstractContextManager[None]:
    """Have Spark load every batch for the length of a block."""
    return environment_of(lake, "batch_claimer", LIGHT_MAX_MB="0")
