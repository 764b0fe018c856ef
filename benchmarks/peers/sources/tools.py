"""How each tool reads the contacts of a server, and what is in its table afterwards."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from benchmarks.peers import environment
from benchmarks.peers.sources.cartlake_run import SECRET, SOURCE
from benchmarks.peers.sources.proxy import make_certificate, proxy_of
from benchmarks.peers.sources.score import Row, merged
from localaws.testing.server import LocalAws, running

HERE = Path(__file__).parent
BUCKET, LEDGER = "raw", "ledger"
DATABASE = "contacts.duckdb"
OVERLAP_SECONDS = 15 * 60
AFTER_LEASE_SECONDS = 6 * 60
"""A sync that was killed is gone on with when its lease has ended, after five minutes."""


@dataclass(frozen=True)
class Attempt:
    """One start of a tool. since: when the last run that ended well began, in seconds of the server's clock.

    number: how many attempts were made before.
    """

    address: str
    folder: Path
    since: float | None
    number: int


@dataclass(frozen=True)
class Tool:
    """The command of an attempt, the variables of its process, and the rows of the table that it made in a folder."""

    name: str
    command: Callable[[Attempt], list[str]]
    rows: Callable[[Path], list[Row]]
    env: dict[str, str] = field(default_factory=dict)
    prepare: Callable[[], None] = lambda: None
    https: bool = False

    @contextmanager
    def reaching(self, address: str, home: Path) -> Iterator[dict[str, str]]:
        """The variables of the processes of this tool that ask a server on this machine; the block ends a proxy."""
        env = {**os.environ, **self.env}
        if not self.https:
            yield env
            return
        certificate, key = make_certificate(home)
        with proxy_of(address, certificate, key) as proxy:
            yield {**env, "HOME": str(home), "HTTPS_PROXY": proxy, "SSL_CERT_FILE": str(certificate)}


@contextmanager
def all_tools(home: Path) -> Iterator[list[Tool]]:
    """All tools, ready to run; the block ends the embedded AWS of Cartlake's."""
    (home / "aws").mkdir()
    with running(home / "aws") as aws:
        aws.client("secretsmanager").create_secret(Name=SECRET, SecretString="private")  # pragma: allowlist secret
        yield [_cartlake(aws), *(_dlt(mode) for mode in ("search", "sorted", "list")), _ingestr()]


def _cartlake(aws: LocalAws) -> Tool:
    made: list[str] = []

    def prepare() -> None:
        made.append(f"{BUCKET}-{len(made)}")
        aws.client("s3").create_bucket(Bucket=made[-1])
        aws.client("dynamodb").create_table(
            TableName=f"{LEDGER}-{len(made)}",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        )

    def command(attempt: Attempt) -> list[str]:
        clock = str(attempt.number * AFTER_LEASE_SECONDS)
        script = "benchmarks.peers.sources.cartlake_run"
        return [sys.executable, "-m", script, attempt.address, made[-1], f"{LEDGER}-{len(made)}", clock]

    def rows(_: Path) -> list[Row]:
        s3 = aws.client("s3")
        found = s3.list_objects_v2(Bucket=made[-1], Prefix=f"incoming/{SOURCE}/").get("Contents", [])
        files = [s3.get_object(Bucket=made[-1], Key=one["Key"])["Body"].read().decode() for one in found]
        written = [json.loads(line) for file in files for line in file.splitlines()]
        return merged((number_of(row["hs_object_id"]), milliseconds_of(row["lastmodifieddate"])) for row in written)

    return Tool("Cartlake", command, rows, {**aws.env, "PYTHONPATH": str(environment.CHECKOUT)}, prepare)


def _dlt(mode: str) -> Tool:
    def command(attempt: Attempt) -> list[str]:
        script = str(HERE / "dlt_run.py")
        return [str(environment.python()), script, attempt.address, str(attempt.folder), mode]

    env = {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
    return Tool(f"dlt {mode}", command, lambda folder: _table(folder, "id", "updated_at"), env)


def _ingestr() -> Tool:
    def command(attempt: Attempt) -> list[str]:
        options = ["--source-uri", "hubspot://?api_key=private", "--source-table", "contacts", "--yes"]
        options += ["--dest-uri", f"duckdb:///{attempt.folder}/{DATABASE}", "--dest-table", "lake.contacts"]
        if attempt.since is not None:
            start = datetime.fromtimestamp(attempt.since - OVERLAP_SECONDS, UTC)
            options += ["--interval-start", f"{start:%Y-%m-%dT%H:%M:%SZ}"]
        return [str(environment.ingestr()), "ingest", "--progress", "log", *options]

    drivers = {"ADBC_DRIVER_PATH": str(environment.duckdb_drivers())}

    def rows(folder: Path) -> list[Row]:
        return _table(folder, "hs_object_id", "lastmodifieddate", "_archived_at")

    return Tool("ingestr", command, rows, drivers, https=True)


def _table(folder: Path, contact: str, modified: str, archived: str = "") -> list[Row]:
    """Return the rows of a peer's table by these columns, without those whose column `archived` has a value.

    There are none before its first load; ingestr adds that column with the first archived contact.
    """
    database = folder / DATABASE
    if not database.exists():
        return []
    with duckdb.connect(str(database), read_only=True) as connection:
        columns = connection.execute(
            "select column_name from information_schema.columns where table_name = 'contacts'"
        ).fetchall()
        if not columns:
            return []
        there = f"where {archived} is null" if (archived,) in columns else ""
        found = connection.execute(f"select {contact}, {modified} from lake.contacts {there}").fetchall()
    return [(number_of(number), milliseconds_of(moment)) for number, moment in found]


def number_of(contact: str) -> int:
    """Return the number of a contact, which has a prefix in Cartlake's table."""
    return int(str(contact).removeprefix("CON-"))


def milliseconds_of(moment: str | datetime) -> int:
    """Return the milliseconds since 1970 of a time as HubSpot writes it: these, or ISO 8601."""
    if isinstance(moment, str):
        if moment.isdecimal():
            return int(moment)
        moment = datetime.fromisoformat(moment)
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
