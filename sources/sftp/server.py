"""A server by paramiko: files are listed and copied, over a new connection where one breaks."""

from __future__ import annotations

import hashlib
import random
import stat
import time
from typing import TYPE_CHECKING, Final, TypeVar

import paramiko
from paramiko.sftp import CMD_CLOSE, CMD_HANDLE, CMD_NAME, CMD_OPENDIR, CMD_READDIR, SFTPError

from sources.errors import RefusedRequestError, SourceUnavailableError
from sources.sftp.connection import ANSWER_SECONDS
from sources.sftp.model import FileChangedError, RemoteFile, UnreadableFileError
from sources.sftp.names import matches, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from sources.sftp.connection import Login

ATTEMPTS: Final = 5
"""Tries of a listing or a copy; the wait doubles each time, from one second."""
CHUNK: Final = 32_768
"""Bytes of one request: what every server answers."""
CHUNKS_AT_ONCE: Final = 64
"""Requests that are under way at once: 2 MB, which is all that a copy holds in memory."""
_BROKEN: Final = (OSError, EOFError, UnicodeDecodeError, paramiko.SSHException, SFTPError)

Done = TypeVar("Done")


class SftpServer:
    """A server that a login opens. Close it: it has a connection and a thread."""

    def __init__(self, login: Login, sleep: Callable[[float], None] = time.sleep) -> None:
        self._login, self._settings, self._sleep = login, login.settings, sleep
        self._client: _Client | None = None

    def files(self) -> list[RemoteFile]:
        """Return the files that the pattern matches, and none of folders that it does not name.

        Raises SourceUnavailableError, CredentialsError, HostKeyError, or RefusedRequestError for a folder that is not
        there or may not be listed.
        """
        try:
            return self._repeated(self._listed, "list files")
        except FileNotFoundError as error:
            raise RefusedRequestError(self._no_folder("has no folder")) from error
        except PermissionError as error:
            raise RefusedRequestError(self._no_folder("does not let its user list")) from error
        except UnreadableFileError as error:
            raise SourceUnavailableError(str(error)) from error

    def copy(self, file: RemoteFile, target: BinaryIO, tick: Callable[[int], None]) -> str:
        """Write the bytes of a file into `target`; returns their SHA-256 as hex: `sources.sftp.model.Server`."""
        try:
            return self._repeated(lambda client: self._copied(client, file, target, tick), f"send {file.path!r}")
        except FileNotFoundError as error:
            raise FileChangedError(None) from error
        except PermissionError as error:
            raise UnreadableFileError(
                f"{self._settings.user} may not read it. Ask the vendor for the right."
            ) from error

    def close(self) -> None:
        """End the connection."""
        if self._client is not None:
            self._client.end()
            self._client = None

    def _listed(self, client: _Client) -> list[RemoteFile]:
        parts = self._settings.pattern.strip("/").split("/")
        return [_remote(raw, found) for raw, found in _walk(client, self._folder, b"", parts)]

    @property
    def _folder(self) -> bytes:
        return self._settings.folder.encode().rstrip(b"/") or b"/"

    def _copied(self, client: _Client, file: RemoteFile, target: BinaryIO, tick: Callable[[int], None]) -> str:
        place = _joined(self._folder, file.raw)
        _check_same(client, place, file)
        target.seek(0)
        target.truncate()
        digest, done = hashlib.sha256(), 0
        with client.open(place, "rb") as opened:
            while done < file.size:
                window = range(done, min(done + CHUNK * CHUNKS_AT_ONCE, file.size), CHUNK)
                for data in opened.readv([(start, min(CHUNK, file.size - start)) for start in window]):
                    target.write(data)
                    digest.update(data)
                    done += len(data)
                    tick(done)
                    if len(data) < CHUNK:
                        break  # the end, or the file is shorter by now: paramiko would wait for the rest
                if done < window.stop:
                    break
        _check_same(client, place, file)
        if done != file.size:
            raise EOFError(f"{done:,} of {file.size:,} bytes came")
        return digest.hexdigest()

    def _repeated(self, action: Callable[[_Client], Done], what: str) -> Done:
        """Return what `action` returns, tried again over a new connection. Files that are not there or denied raise."""
        said, answered = "", False
        for attempt in range(ATTEMPTS):
            try:
                return action(self._opened())
            except (FileNotFoundError, PermissionError):
                raise
            except _BROKEN as error:
                self.close()
                answered = isinstance(error, _StatusError)
                said = f"{type(error).__name__}: {error}"
            if attempt < ATTEMPTS - 1:
                # Random, so that two functions that were refused together do not come back together.
                self._sleep(random.uniform(0.5, 1) * 2**attempt)  # noqa: S311 - jitter, not a secret
        if answered:
            raise UnreadableFileError(f"The server does not {what}: {said}. Ask the vendor.")
        raise SourceUnavailableError(
            f"{self._settings.host}:{self._settings.port} did not {what} at {ATTEMPTS} tries, at last: {said}. The "
            f"next read goes on behind the last file."
        )

    def _opened(self) -> _Client:
        if self._client is None:
            try:
                transport = self._login.open()
            except OSError as error:  # a firewall's "permission denied" is not one of a file
                raise paramiko.SSHException(f"{type(error).__name__}: {error}") from error
            self._client = _Client.of(transport)
        return self._client

    def _no_folder(self, what: str) -> str:
        return (
            f"{self._settings.host} {what} {self._settings.folder!r}. Nothing was read. Correct "
            f"sftp.{self._login.name}.folder of the module lake, or ask the vendor for the right."
        )


class _StatusError(OSError):
    """A server answers a request with a failure that is none of the usual ones."""


class _Client(paramiko.SFTPClient):  # type: ignore[misc]
    """The client of paramiko, which also lists names that are not UTF-8: `listdir_attr` fails for all of them."""

    transport: paramiko.Transport

    @classmethod
    def of(cls, transport: paramiko.Transport) -> _Client:
        """Return the client of a connection. Raises SSHException where the server has no SFTP for this user."""
        try:
            channel = transport.open_session(timeout=ANSWER_SECONDS)
            channel.settimeout(ANSWER_SECONDS)
            channel.invoke_subsystem("sftp")
            client = cls(channel)
        except BaseException:
            transport.close()
            raise
        client.transport = transport
        return client

    def end(self) -> None:
        """End the connection, too."""
        self.close()
        self.transport.close()

    def entries(self, folder: bytes) -> Iterator[tuple[bytes, paramiko.SFTPAttributes]]:
        """Yield the names in a folder, and what the server says of each."""
        _, opened = self._expected(CMD_HANDLE, CMD_OPENDIR, folder)
        handle = opened.get_binary()
        while True:
            try:
                _, page = self._expected(CMD_NAME, CMD_READDIR, handle)
            except EOFError:
                break
            for _ in range(page.get_int()):
                name, _ = page.get_binary(), page.get_binary()
                found = paramiko.SFTPAttributes()
                found._unpack(page)  # noqa: SLF001 - there is no public way to read the answer
                if name not in {b".", b".."}:
                    yield name, found
        self._request(CMD_CLOSE, handle)

    def _expected(self, kind: int, command: int, *arguments: bytes) -> tuple[int, paramiko.Message]:
        found, message = self._request(command, *arguments)
        if found != kind:
            raise SFTPError(f"an answer of kind {found} instead of {kind}")
        return found, message

    def _convert_status(self, msg: paramiko.Message) -> None:
        try:
            super()._convert_status(msg)
        except OSError as error:
            if error.errno is None:
                raise _StatusError(*error.args) from error
            raise


def _walk(
    client: _Client, root: bytes, below: bytes, parts: list[str]
) -> Iterator[tuple[bytes, paramiko.SFTPAttributes | None]]:
    """Yield paths below `root` that a pattern matches, part by part; without attributes a folder that is denied."""
    part, *others = parts
    try:
        entries = list(client.entries(_joined(root, below)))
    except FileNotFoundError:
        if not below:
            raise
        return  # a folder that was deleted since its own folder was listed
    except PermissionError:
        if not below:
            raise
        yield below + b"/", None
        return
    for name, found in entries:
        path = below + b"/" + name if below else name
        if not matches(shown(name), part):
            continue
        is_folder = found.st_mode is not None and stat.S_ISDIR(found.st_mode)
        if others and is_folder:
            yield from _walk(client, root, path, others)
        elif not others and not is_folder:
            yield path, found


def _remote(raw: bytes, found: paramiko.SFTPAttributes | None) -> RemoteFile:
    if found is None:
        return RemoteFile(shown(raw), raw, 0, 0, "The user may not list this folder. Ask the vendor for the right.")
    refusal = None
    if found.st_mode is not None and stat.S_ISLNK(found.st_mode):
        refusal = "It is a link, and links are not followed. Ask the vendor for the file itself."
    elif found.st_size is None:
        refusal = "The server does not say its size, so nobody can tell whether it is finished."
    return RemoteFile(shown(raw), raw, found.st_size or 0, found.st_mtime or 0, refusal)


def _joined(folder: bytes, path: bytes) -> bytes:
    return folder.rstrip(b"/") + b"/" + path if path else folder


def _check_same(client: _Client, place: bytes, file: RemoteFile) -> None:
    """Raise FileChangedError where a file does not look as it was listed."""
    now = _remote(file.raw, client.stat(place))
    if (now.size, now.modified) != (file.size, file.modified):
        raise FileChangedError(now)
