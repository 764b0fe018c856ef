"""An SFTP server over a folder of this machine, by the server side of paramiko, with faults put in between."""

import os
import socket
import time
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import paramiko
from paramiko.sftp import SFTP_FAILURE, SFTP_NO_SUCH_FILE, SFTP_OK, SFTP_PERMISSION_DENIED

USER, PASSWORD = "lake", "correct horse"
HOST_KEY = paramiko.ECDSAKey.generate()


class SftpSite:
    """A server whose one user sees `folder`.

    `denied` and `broken` are names that are not opened, by a status of its own and by a failure. `cuts` are numbers of
    bytes: each ends one connection, once so many bytes of files were sent over it. `on_read` is called before each
    answer with bytes of a file. `logins` lists what was tried. `short` answers at most so many bytes of a request.
    """

    def __init__(self, folder, password=PASSWORD, key=None, host_key=HOST_KEY):
        self.folder, self.password, self.key, self.host_key = Path(folder), password, key, host_key
        self.denied, self.broken, self.cuts, self.logins = set(), set(), [], []
        self.on_read = lambda _name, _offset: None
        self.short = None
        self.port = 0

    def put(self, name, content, age=1_000):
        """Write a file that was last modified `age` seconds ago."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        moment = int(time.time()) - age
        os.utime(path, (moment, moment))
        return path

    def settings(self, **changed):
        """The settings of a lake that reads this server."""
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "user": USER,
            "dataset": "transactions",
            "secret": "test/sftp",
            "host_keys": [self.host_key.fingerprint],
            **changed,
        }

    @contextmanager
    def serving(self):
        """The server until the block ends; `port` is where it listens."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.port = listening.getsockname()[1]
            opened = []
            Thread(target=self._accept, args=(listening, opened), daemon=True).start()
            yield self
            # Wakes the thread: closing a socket does not end an accept() that waits.
            with socket.create_connection(listening.getsockname()):
                listening.close()
        for transport in opened:
            transport.close()

    def _accept(self, listening, opened):
        while True:
            try:
                connection, _ = listening.accept()
                if listening.fileno() == -1:
                    return
                transport = paramiko.Transport(connection)
                transport.add_server_key(self.host_key)
                transport.set_subsystem_handler("sftp", _Session, _Files, self, transport)
                opened.append(transport)
                transport.start_server(server=_Login(self), event=None)
            except (OSError, EOFError, paramiko.SSHException):
                if listening.fileno() == -1:
                    return


class _Login(paramiko.ServerInterface):
    def __init__(self, site):
        self.site = site

    def get_allowed_auths(self, _username):
        return "password,publickey"

    def check_auth_password(self, username, password):
        return self._answer("password", (username, password) == (USER, self.site.password))

    def check_auth_publickey(self, username, key):
        return self._answer("key", username == USER and self.site.key is not None and key == self.site.key)

    def check_channel_request(self, _kind, _channel):
        return paramiko.OPEN_SUCCEEDED

    def _answer(self, kind, is_right):
        self.site.logins.append((kind, is_right))
        return paramiko.AUTH_SUCCESSFUL if is_right else paramiko.AUTH_FAILED


class _Session(paramiko.SFTPServer):
    def _process(self, kind, number, message):
        # Names are bytes, as servers on Linux have them; paramiko's own raises an error for those that are not UTF-8.
        message.get_text = lambda: os.fsdecode(message.get_binary())
        super()._process(kind, number, message)


class _Files(paramiko.SFTPServerInterface):
    def __init__(self, _server, site, transport):
        self.site, self.transport, self.sent = site, transport, 0

    def _path(self, path):
        return self.site.folder / os.path.normpath(path).lstrip("/")

    def list_folder(self, path):
        if Path(path).name in self.site.denied:
            return SFTP_PERMISSION_DENIED
        try:
            with os.scandir(self._path(path)) as entries:
                return [_attributes(one.stat(follow_symlinks=False), os.fsencode(one.name)) for one in entries]
        except FileNotFoundError:
            return SFTP_NO_SUCH_FILE

    def stat(self, path):
        try:
            return _attributes(self._path(path).stat(), b"")
        except FileNotFoundError:
            return SFTP_NO_SUCH_FILE

    lstat = stat

    def open(self, path, flags, _attributes):
        name = Path(path).name
        if name in self.site.denied:
            return SFTP_PERMISSION_DENIED
        if name in self.site.broken or flags & (os.O_WRONLY | os.O_RDWR):
            return SFTP_FAILURE
        handle = _Handle(self, name)
        handle.readfile = self._path(path).open("rb")
        return handle


class _Handle(paramiko.SFTPHandle):
    def __init__(self, files, name):
        super().__init__()
        self.files, self.name = files, name

    def read(self, offset, length):
        site = self.files.site
        site.on_read(self.name, offset)
        data = super().read(offset, min(length, site.short or length))
        if isinstance(data, bytes):
            self.files.sent += len(data)
        if site.cuts and self.files.sent > site.cuts[0] and self.files.transport.is_active():
            site.cuts.pop(0)
            self.files.transport.close()
        return data

    def close(self):
        super().close()
        return SFTP_OK


def _attributes(found, name):
    attributes = paramiko.SFTPAttributes.from_stat(found)
    attributes.filename = name
    attributes.longname = name
    return attributes
