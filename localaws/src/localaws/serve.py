"""The process of the embedded AWS, started by `localaws.server` with its settings in `LOCALAWS_…` variables.

python -m localaws.serve --port PORT
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import logging
import os
import pkgutil
import resource
from typing import TYPE_CHECKING, NoReturn

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config

from localaws import connections, extensions
from localaws.functions.concurrency import default_limit
from localaws.functions.memory import machine_bytes
from localaws.locks import lock
from localaws.paths import Paths
from localaws.settings import Settings, load

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

logger = logging.getLogger("localaws")


def ministack_environment(settings: Settings, port: int) -> dict[str, str]:
    """Return MiniStack's settings as environment variables, which must be set before it is imported."""
    paths = Paths(settings.home)
    return {
        "LAMBDA_ACCOUNT_CONCURRENCY": str(settings.lambda_concurrency or default_limit(machine_bytes())),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": "us-east-1",
        "MINISTACK_ACCOUNT_ID": os.environ.get("MINISTACK_ACCOUNT_ID", "000000000000"),
        "PERSIST_STATE": "1",
        "STATE_DIR": str(paths.state),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(paths.objects),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "AUTH": "true" if settings.auth else "false",
        "TMPDIR": str(paths.scratch),
        # The keys MiniStack gives to Lambdas without a role session, and checks with AUTH.
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


def extension_names() -> dict[str, str]:
    """Return the extensions to load, name → module, in the order of their names.

    The name of `extensions/s3/events.py` is `s3_events`. Those that `LOCALAWS_WITHOUT` names, separated by commas, are
    left out.
    """
    left_out = load().without
    prefix = f"{extensions.__name__}."
    modules = [found.name for found in pkgutil.walk_packages(extensions.__path__, prefix) if not found.ispkg]
    named = {_extension_name(module.removeprefix(prefix)): module for module in modules}
    return {name: module for name, module in sorted(named.items()) if name not in left_out}


def _extension_name(path: str) -> str:
    # A folder or module named like a keyword of Python ends with an underscore: lambda_.async_ is lambda_async.
    return "_".join(part.rstrip("_") for part in path.split("."))


def install_extensions() -> list[ModuleType]:
    """Load every extension; return the modules. One that fails stops the server: without it, answers would be wrong."""
    loaded = []
    for name, module in extension_names().items():
        loaded.append(importlib.import_module(module))
        loaded[-1].install()
        logger.info("extension %s installed", name)
    return loaded


def serve(port: int, loaded: Sequence[ModuleType]) -> NoReturn:
    """Answer requests on the loopback interface until SIGTERM, then save all state and end the process."""
    ministack = importlib.import_module("ministack.app")
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    connections.keep_connections(config)
    config.loglevel = "WARNING"

    async def run() -> NoReturn:
        code = 1
        try:
            await hypercorn_serve(ministack.app, config, mode="asgi")
            _shut_down(loaded)
            code = 0
        except Exception:
            logger.exception("the server failed")
        finally:
            # State is saved. Lambdas that still run, and threads that wait for them, could delay the end for minutes.
            logging.shutdown()
            os._exit(code)

    asyncio.run(run())


def _shut_down(loaded: Sequence[ModuleType]) -> None:
    importlib.import_module("ministack.core.lambda_runtime").reset()
    for extension in loaded:
        shutdown = getattr(extension, "shutdown", None)
        if shutdown is not None:
            shutdown()


def _allow_many_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _collect_seldom() -> None:
    """Collect garbage seldom, and not among modules and models: it takes a tenth of the processor time of requests."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the server of one home folder. Exits with a message when another process serves it already."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    args = parser.parse_args(argv)
    settings = load()
    held = lock(Paths(settings.home).lock, seconds=2)
    if held is None:
        raise SystemExit(f"another embedded AWS already serves {settings.home}")
    os.environ.update(ministack_environment(settings, args.port))
    _allow_many_files()
    with held:
        importlib.import_module("ministack.app")  # sets up logging
        connections.install()
        loaded = install_extensions()
        _collect_seldom()
        serve(args.port, loaded)


if __name__ == "__main__":
    main()
