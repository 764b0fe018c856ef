"""Unpacks each layer once, for all Lambdas.

MiniStack unpacks every layer for each of its workers: with two layers of 60 MB a cold start takes four seconds and
200 MB of disk, also after every error, because an error ends the worker.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import threading
import time
import zipfile
from typing import TYPE_CHECKING, Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from localaws.hooks import wrap
from localaws.paths import Paths
from localaws.settings import load

if TYPE_CHECKING:
    from pathlib import Path

DAYS_KEPT = 3.0


class LayerCache:
    """Unpacked layers by the hash of their zip, in one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        # Every cold start passes the same bytes object: to hash 60 MB each time would take most of its time.
        self._known: dict[int, tuple[bytes, Path]] = {}

    def unpacked(self, content: bytes) -> Path:
        """Return the directory with the zip's files, after unpacking it if necessary. Raises BadZipFile."""
        with self._lock:
            if id(content) not in self._known:
                self._known[id(content)] = (content, self._unpack(content))
            return self._known[id(content)][1]

    def delete_unused(self, days: float) -> None:
        """Delete layers that no worker has used for so many days."""
        oldest = time.time() - days * 86_400
        for directory in self._directory.glob("*"):
            if directory.stat().st_mtime < oldest:
                shutil.rmtree(directory, ignore_errors=True)

    def _unpack(self, content: bytes) -> Path:
        target = self._directory / hashlib.sha256(content).hexdigest()
        if not target.exists():
            unfinished = target.with_suffix(".tmp")
            shutil.rmtree(unfinished, ignore_errors=True)
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                archive.extractall(unfinished)  # zipfile itself keeps members inside the target
            unfinished.rename(target)
        os.utime(target)
        return target


def install() -> None:
    """Pass to Python workers the shared directories instead of layers to unpack."""
    cache = LayerCache(Paths(load().home).lambda_runtime / "layers")

    cache.delete_unused(DAYS_KEPT)

    @wrap(lambda_runtime.Worker, "_spawn")
    def _(original: Any, worker: Any) -> Any:
        layers = worker.config.get("Layers") or []
        if not layers or not worker.config.get("Runtime", "").startswith("python"):
            return original(worker)
        config = worker.config
        try:
            worker.config = _with_shared_layers(config, cache)
            return original(worker)
        finally:
            worker.config = config


def _with_shared_layers(config: dict[str, Any], cache: LayerCache) -> dict[str, Any]:
    contents = (lambda_svc._resolve_layer_zip(layer) for layer in config["Layers"])
    directories = os.pathsep.join(str(cache.unpacked(content)) for content in contents if content)
    variables = (config.get("Environment") or {}).get("Variables") or {}
    # The worker adds the directories in this variable to its path.
    return config | {"Layers": [], "Environment": {"Variables": variables | {"_LAMBDA_LAYERS_DIRS": directories}}}
