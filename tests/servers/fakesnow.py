"""fakesnow's server as Snowflake's stand-in: a process of an environment of its own, behind a port that cuts."""

import hashlib
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import snowflake.connector
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.contract.pages import ROOT
from tests.servers.ports import free_port, wait_until_it_listens
from tests.servers.wire import Wire

LOCK = ROOT / "requirements" / "fakesnow.lock"
USER = "CARTLAKE"


class Fakesnow:
    """A server with the database SHOP; `run` changes its tables, readers come through `wire`."""

    def __init__(self, port, key_file):
        self.port, self.key_file = port, key_file
        self.wire = Wire(port)
        self.private_key = ""
        self.renew_key()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.wire.port}"

    def renew_key(self):
        """Make a new key, which the server asks for from now on."""
        key = rsa.generate_private_key(65537, 2048)
        pem, der = serialization.Encoding.PEM, serialization.Encoding.DER
        pkcs8, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        self.private_key, self._der = key.private_bytes(pem, pkcs8, none).decode(), key.private_bytes(der, pkcs8, none)
        public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.key_file.write_bytes(public)

    @contextmanager
    def connected(self):
        """A connection past the wire and its faults, until the block ends."""
        self.connection = snowflake.connector.connect(
            account="shop",
            host="127.0.0.1",
            port=self.port,
            protocol="http",
            user=USER,
            authenticator="SNOWFLAKE_JWT",
            private_key=self._der,
            paramstyle="qmark",
        )
        self.connection.telemetry_enabled = False  # fakesnow does not take it
        try:
            self.run("CREATE DATABASE SHOP")
            self.run("CREATE SCHEMA IF NOT EXISTS SHOP.PUBLIC")
            self.run("USE SCHEMA SHOP.PUBLIC")
            yield
        finally:
            self.connection.close()

    def run(self, statement, *values):
        with self.connection.cursor() as cursor:
            return cursor.execute(statement, values).fetchall()


@contextmanager
def running_fakesnow(folder):
    """A server, of the versions in the lock file."""
    port = free_port()
    server = Fakesnow(port, Path(folder) / "public.pem")
    program = Path(__file__).with_name("fakesnow_app.py")
    log = Path(folder) / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            # -P: the folder of the program has modules of the names of Python's own.
            [_environment() / "bin" / "python", "-P", program, str(port), USER, server.key_file],
            stderr=output,
            stdout=output,
            cwd=folder,
        )
    try:
        wait_until_it_listens(port, process, log)
        with server.connected(), server.wire.serving():
            yield server
    finally:
        process.kill()
        process.wait(30)


def _environment():
    """Return the folder of a Python with the packages of the lock, made where there is none."""
    folder = ROOT / ".cache" / "fakesnow" / hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    uv, python = Path(sys.executable).with_name("uv"), folder / "bin" / "python"
    subprocess.run([uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, folder], check=True)
    subprocess.run([uv, "pip", "sync", "--quiet", "--python", python, "--require-hashes", LOCK], check=True)
    return folder
