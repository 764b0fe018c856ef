"""A real SFTP server is listed and copied, whatever it refuses, cuts or writes meanwhile."""

import hashlib
import io
import json
import logging
import os

import paramiko
import pytest

from sources.errors import CredentialsError, HostKeyError, RefusedRequestError, SourceUnavailableError
from sources.sftp import server as server_module
from sources.sftp.connection import Login
from sources.sftp.model import FileChangedError, ServerSettings, UnreadableFileError
from sources.sftp.server import SftpServer
from tests.servers.sftp import PASSWORD, SftpSite

OTHER_KEY = paramiko.ECDSAKey.generate()


@pytest.fixture
def site(tmp_path):
    with SftpSite(tmp_path).serving() as site:
        yield site


@pytest.fixture
def connected(site):
    """A server of these settings and secrets, each value read by one look at the secret; `waits` are its waits."""
    opened = []

    def connect(*secrets, **changed):
        values = list(secrets or [json.dumps({"password": PASSWORD})])
        settings = ServerSettings.model_validate(site.settings(**changed))
        login = Login("acme", settings, lambda _fresh: values.pop(0) if len(values) > 1 else values[0])
        opened.append(SftpServer(login, sleep=waits.append))
        return opened[-1]

    waits = connect.waits = []
    yield connect
    for one in opened:
        one.close()


def copied(server, file, tick=lambda _: None):
    target = io.BytesIO(b"of an attempt before")
    digest = server.copy(file, target, tick)
    assert digest == hashlib.sha256(target.getvalue()).hexdigest()
    return target.getvalue()


def test_files_are_listed_and_copied_as_they_are(site, connected):
    content = os.urandom(3_000_001)  # two windows, and a part of a chunk
    site.put("orders.csv", content)
    read = []

    [file] = connected().files()

    assert (file.path, file.size, file.modified) == (
        "orders.csv",
        3_000_001,
        int((site.folder / "orders.csv").stat().st_mtime),
    )
    assert copied(connected(), file, read.append) == content
    assert (read == sorted(read), read[-1]) == (True, 3_000_001)


def test_a_server_may_answer_less_than_was_asked_for(site, connected):
    site.put("orders.csv", content := os.urandom(100_000))
    site.short = 10_000
    server = connected()

    assert copied(server, server.files()[0]) == content


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*", ["a.csv", "b.txt", "link.csv"]),
        ("*.csv", ["a.csv", "link.csv"]),
        ("*/*.csv", ["2026/c.csv", "café/d.csv"]),
        ("2026/[cd].csv", ["2026/c.csv"]),
        ("*/*/*", ["2026/03/e.csv"]),
        ("cafe\u0301/*", ["café/d.csv"]),
        ("A.csv", []),
    ],
)
def test_folders_are_entered_only_where_the_pattern_says_so(site, connected, pattern, found):
    for name in ("in/a.csv", "in/b.txt", "in/2026/c.csv", "in/café/d.csv", "in/2026/03/e.csv"):
        site.put(name, b"rows")
    (site.folder / "in" / "link.csv").symlink_to("a.csv")

    files = connected(folder="in", pattern=pattern).files()

    assert sorted(one.path for one in files) == found
    assert {one.path for one in files if one.refusal} == {"link.csv"} & set(found)


def test_names_are_listed_and_read_whatever_characters_they_have(site, connected):
    names = [b"M\xc3\xa4rz 100%.csv", b"caf\xe9.csv", b"a\\b.csv", b"new\nline.csv"]
    for name in names:
        (site.folder / os.fsdecode(name)).write_bytes(name)
    server = connected()

    files = server.files()

    assert {one.raw for one in files} == set(names)
    assert {one.path for one in files} >= {"März 100%.csv", "caf\\xe9.csv"}
    assert {copied(server, one) for one in files} == set(names)


def test_a_connection_that_is_cut_midway_is_made_again(site, connected):
    site.put("orders.csv", content := os.urandom(500_000))
    server = connected()
    [file] = server.files()
    site.cuts.extend([100_000, 300_000])

    assert copied(server, file) == content
    assert (len(connected.waits), site.cuts) == (2, [])
    assert len(server.files()) == 1


def test_a_server_that_cuts_each_connection_is_given_up_after_some_tries(site, connected):
    site.put("orders.csv", bytes(500_000))
    server = connected()
    [file] = server.files()
    site.cuts.extend([100] * 9)

    with pytest.raises(SourceUnavailableError, match=r"did not send 'orders.csv' at 5 tries.* next read goes on"):
        copied(server, file)
    assert len(connected.waits) == 4
    assert connected.waits == sorted(connected.waits)


def test_a_server_that_is_not_there_is_said_so(site, connected):
    with pytest.raises(SourceUnavailableError, match=r"127.0.0.1:1 did not list files at 5 tries.*ConnectionRefused"):
        connected(port=1).files()


def test_a_file_that_grows_shrinks_or_goes_during_the_copy_is_no_copy(site, connected):
    changes = {
        "grows": lambda path: path.write_bytes(bytes(400_001)),
        "shrinks": lambda path: path.write_bytes(bytes(10)),
        "touched": lambda path: os.utime(path, (1, 1)),
        "goes": lambda path: path.unlink(),
        "renamed": lambda path: path.rename(path.with_name("final")),
    }
    for change in changes:
        site.put(change, bytes(400_000))
    server = connected()
    files = server.files()

    def on_read(name, _offset):
        if name in changes:
            changes.pop(name)(site.folder / name)

    site.on_read = on_read
    found = {}
    for file in files:
        with pytest.raises(FileChangedError) as changed:
            copied(server, file)
        found[file.path] = changed.value.now and changed.value.now.size

    assert found == {"grows": 400_001, "shrinks": 10, "touched": 400_000, "goes": None, "renamed": None}
    assert changes == {}


def test_a_file_that_changed_since_it_was_listed_is_not_copied(site, connected):
    site.put("a.csv", b"old")
    server = connected()
    [file] = server.files()
    site.put("a.csv", b"newer")

    with pytest.raises(FileChangedError):
        copied(server, file)


def test_files_that_a_server_does_not_give_are_named_and_hold_no_other(site, connected):
    for name in ("a.csv", "denied.csv", "broken.csv"):
        site.put(name, b"rows")
    site.denied, site.broken = {"denied.csv"}, {"broken.csv"}
    server = connected()
    files = {one.path: one for one in server.files()}

    with pytest.raises(UnreadableFileError, match="lake may not read it"):
        copied(server, files["denied.csv"])
    with pytest.raises(UnreadableFileError, match=r"The server does not send 'broken.csv': .*Ask the vendor"):
        copied(server, files["broken.csv"])
    assert copied(server, files["a.csv"]) == b"rows"


def test_a_folder_in_a_folder_that_may_not_be_listed_is_refused_and_holds_no_other(site, connected):
    site.put("a/x.csv", b"rows")
    site.put("b/x.csv", b"rows")
    site.denied = {"b"}

    files = {one.path: one.refusal for one in connected(pattern="*/*").files()}

    assert files == {"a/x.csv": None, "b/": "The user may not list this folder. Ask the vendor for the right."}


@pytest.mark.parametrize(("folder", "said"), [("nowhere", "has no folder"), ("locked", "does not let its user list")])
def test_a_folder_that_cannot_be_listed_is_said_with_its_setting(site, connected, folder, said):
    site.denied = {"locked"}

    with pytest.raises(RefusedRequestError, match=f"{said} '{folder}'.*sftp.acme.folder"):
        connected(folder=folder).files()


@pytest.mark.parametrize("named", [[], [OTHER_KEY.fingerprint]])
def test_an_unknown_host_key_is_refused_before_any_login(site, connected, named):
    with pytest.raises(HostKeyError) as refused:
        connected(host_keys=named).files()

    assert site.host_key.fingerprint in str(refused.value)
    assert "sftp.acme.host_keys" in str(refused.value)
    assert (named or ["none"])[0] in str(refused.value)
    assert (site.logins, connected.waits) == ([], [])


def test_a_password_that_was_changed_is_read_anew_once(site, connected):
    server = connected('{"password": "expired"}', json.dumps({"password": PASSWORD}))

    assert server.files() == []
    assert site.logins == [("password", False), ("password", True)]


def test_a_wrong_password_is_said_with_the_command_that_stores_a_new_one_and_is_not_shown(site, connected, caplog):
    caplog.set_level(logging.DEBUG)

    with pytest.raises(CredentialsError, match=r"refuses the login of lake with the secret test/sftp") as refused:
        connected('{"password": "guessed"}').files()

    assert "aws secretsmanager put-secret-value --secret-id test/sftp" in str(refused.value)
    assert site.logins == [("password", False)] * 2
    assert "guessed" not in f"{refused.value} {caplog.text} {refused.value.__cause__}"


@pytest.mark.parametrize("passphrase", [None, "open sesame"])
def test_a_private_key_opens_a_server(site, connected, passphrase):
    site.key, text = OTHER_KEY, io.StringIO()
    OTHER_KEY.write_private_key(text, passphrase)
    secret = {"private_key": text.getvalue()} | ({"passphrase": passphrase} if passphrase else {})

    assert connected(json.dumps(secret)).files() == []
    assert site.logins[-1] == ("key", True)


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("s3cret", "is no login"),
        ("{}", "is no login"),
        ('{"password": "s3cret", "private_key": "s3cret"}', "is no login"),
        ('{"private_key": "s3cret"}', "cannot be read, or its passphrase is wrong"),
    ],
)
def test_a_secret_that_is_no_login_is_said_and_not_shown(site, connected, secret, said):
    with pytest.raises(CredentialsError, match=said) as refused:
        connected(secret).files()

    assert "put-secret-value" in str(refused.value)
    assert "s3cret" not in f"{refused.value} {refused.value.__cause__}"
    assert site.logins == []


def test_a_copy_holds_no_more_than_a_window_in_memory(site, connected, monkeypatch):
    site.put("orders.csv", bytes(4_000_000))
    windows = []

    class File(paramiko.SFTPFile):
        def readv(self, chunks, *arguments):
            windows.append(sum(size for _, size in chunks))
            return super().readv(chunks, *arguments)

    monkeypatch.setattr(paramiko.sftp_client, "SFTPFile", File)
    server = connected()

    copied(server, server.files()[0])

    assert windows == [server_module.CHUNK * server_module.CHUNKS_AT_ONCE, 4_000_000 - 2_097_152]
