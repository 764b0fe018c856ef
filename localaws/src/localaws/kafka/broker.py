"""One Kafka broker that is its own controller (KRaft): started, stopped, killed and started again on the same folder.

https://kafka.apache.org/documentation/#kraft
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from localaws.errors import TransientError
from localaws.kafka.jars import JARS
from localaws.spark import java

HOST: Final = "127.0.0.1"
JVM: Final = ("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""A broker for a laptop: 300 MB, and six seconds until it listens."""
START_SECONDS: Final = 180
STOP_SECONDS: Final = 20
PROCESSES: Final = Path("/proc")
"""Where Linux tells of processes."""
PROPERTIES: Final = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
log.retention.check.interval.ms=1000
"""


class KafkaError(TransientError):
    """The broker did not start; the message has the end of its log."""


@dataclass(frozen=True)
class KafkaBroker:
    """A broker whose files are in a folder. `port` is the one for clients; the controller has the next one.

    `cache` is the folder its jars are in, by default that of the settings.
    """

    folder: Path
    port: int
    cache: Path | None = None

    @property
    def address(self) -> str:
        """Return the address that clients use."""
        return f"{HOST}:{self.port}"

    @property
    def process_id(self) -> int | None:
        """Return the process of the broker, None where none runs. After a restart, others may have its number."""
        try:
            number = int(self._pid.read_text())
        except (OSError, ValueError):
            return None
        return number if str(self._properties) in _command_of(number) else None

    @property
    def listens(self) -> bool:
        """Return whether a process, this broker or another, takes connections on its port."""
        with socket.socket() as client:
            client.settimeout(1)
            return client.connect_ex((HOST, self.port)) == 0

    def start(self) -> None:
        """Start the broker unless it runs, and wait until it listens. Raises KafkaError, and JarsError without jars."""
        if self.process_id is not None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        values = {"host": HOST, "port": self.port, "controller": self.port + 1, "data": self.folder / "data"}
        self._properties.write_text(PROPERTIES.format(**values))
        if not (self.folder / "data" / "meta.properties").exists():
            self._format()
        with self._log.open("ab") as log:
            started = subprocess.Popen(
                self._java("kafka.Kafka", str(self._properties)), stdout=log, stderr=log, start_new_session=True
            )
        self._pid.write_text(str(started.pid))
        self._wait(started)

    def stop(self) -> None:
        """Stop the broker and wait for its end; kill it where it takes too long."""
        if (number := self.process_id) is None:
            return
        os.kill(number, signal.SIGTERM)
        if not self._ended(number, STOP_SECONDS):
            self.kill()
        self._pid.unlink(missing_ok=True)

    def kill(self) -> None:
        """End the broker at once, as a power cut does."""
        if (number := self.process_id) is not None:
            os.kill(number, signal.SIGKILL)
            self._ended(number, STOP_SECONDS)
        self._pid.unlink(missing_ok=True)

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    @property
    def _log(self) -> Path:
        return self.folder / "broker.log"

    @property
    def _pid(self) -> Path:
        return self.folder / "broker.pid"

    def _java(self, *arguments: str) -> list[str]:
        home = java.java_home()
        return [str(home / "bin" / "java"), *JVM, "-cp", JARS.classpath(self.cache), *arguments]

    def _format(self) -> None:
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        command = self._java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self._properties))
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise KafkaError(f"Kafka could not prepare {self.folder}: {(done.stdout + done.stderr)[-2000:]}")

    def _wait(self, started: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + START_SECONDS
        while not self.listens:
            if started.poll() is not None or time.monotonic() > end:
                said = self._log.read_text(errors="replace")[-2000:]
                raise KafkaError(f"Kafka does not listen on {self.address}: {said or 'it logged nothing'}")
            time.sleep(0.1)

    def _ended(self, number: int, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not _runs(number):
                return True
            time.sleep(0.05)
        return False


def _command_of(process: int) -> str:
    """Return the command line of a process, an empty one where there is none."""
    if PROCESSES.exists():
        try:
            return (PROCESSES / str(process) / "cmdline").read_text(errors="replace")
        except OSError:
            return ""
    command = ["ps", "-ww", "-o", "command=", "-p", str(process)]  # macOS
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _runs(number: int) -> bool:
    """Return whether a process runs; one of our own that has ended is taken off the list of processes."""
    try:
        if os.waitpid(number, os.WNOHANG)[0] == number:
            return False
    except ChildProcessError:
        pass  # started by another command
    try:
        os.kill(number, 0)
    except OSError:
        return False
    return True
