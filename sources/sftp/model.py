"""What a server is: it lists files and gives their bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel, ConfigDict, Field

from cartlake.errors import CartlakeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

MB = 1_000_000


class ServerSettings(BaseModel):
    """What a lake says of a server that it reads.

    `folder` is where the files are, relative to the folder of the login unless it begins with `/`. `pattern` is a glob
    of names in it; one with `/` goes into folders. `secret` is the name of the secret, `host_keys` are fingerprints as
    `ssh-keygen -l` prints them. A file is finished when it looked the same for `settle_seconds`. `max_mb` is the size
    of the largest file that is read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(min_length=1)
    port: int = Field(default=22, ge=1, le=65535)
    user: str = Field(min_length=1)
    folder: str = "."
    pattern: str = Field(default="*", min_length=1)
    dataset: str = Field(min_length=1)
    secret: str = Field(min_length=1)
    host_keys: list[str] = Field(default_factory=list)
    settle_seconds: int = Field(default=60, ge=1)
    max_mb: int = Field(default=2048, ge=1)


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file on a server: its name below the folder, for people and as the server has it.

    `size` in bytes, `modified` in seconds since 1970. `refusal` says why it cannot be read, None where it can.
    """

    path: str
    raw: bytes
    size: int
    modified: int
    refusal: str | None = None

    @property
    def file_id(self) -> str:
        """Return the id of the file on its server: its name may be longer than a key of DynamoDB."""
        return hashlib.sha256(self.raw).hexdigest()


class FileChangedError(CartlakeError):
    """A file was written, renamed or deleted while it was read. `now` is how it looks, None where it is gone."""

    def __init__(self, now: RemoteFile | None) -> None:
        super().__init__("It was written while it was read." if now else "It was renamed or deleted while it was read.")
        self.now = now


class UnreadableFileError(CartlakeError):
    """A server does not give a file that it lists, though it answers."""


class OutOfTimeError(CartlakeError):
    """The time of this call was over before a file was read."""


class Server(Protocol):
    """A server that vendors put files on."""

    def files(self) -> list[RemoteFile]:
        """Return the files that the pattern matches.

        Raises SourceUnavailableError, CredentialsError, HostKeyError or RefusedRequestError.
        """

    def copy(self, file: RemoteFile, target: BinaryIO, tick: Callable[[int], None]) -> str:
        """Write the bytes of a file into `target`; returns their SHA-256 as hex.

        Size and modification time were the same before and after, and all bytes were read. `tick` is called with the
        number of bytes read so far; what it raises ends the copy. Raises FileChangedError, UnreadableFileError, and
        what `files` raises.
        """
