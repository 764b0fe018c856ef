"""Run an embedded AWS in the foreground: python -m localaws [--root DIR] [--port N].

It keeps everything in DIR/.localaws. Ctrl-C saves its state and ends it. The README lists the LOCALAWS_… variables that
set everything else.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from localaws import server
from localaws.errors import LocalAwsError
from localaws.settings import load

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from localaws.server import Server
    from localaws.settings import Settings

POLL_SECONDS = 0.2


def main(argv: Sequence[str] | None = None) -> None:
    """Start the server, print how clients reach it, and stop it at Ctrl-C or SIGTERM.

    Exits with a message and code 1 when it cannot start, is running already, or ends unexpectedly.
    """
    parser = argparse.ArgumentParser(prog="python -m localaws", description="Run an embedded AWS in the foreground.")
    parser.add_argument("--root", type=Path, default=Path(), metavar="DIR", help="keep everything in DIR/.localaws")
    parser.add_argument("--port", type=int, metavar="N", help="listen on this port of 127.0.0.1")
    arguments = parser.parse_args(argv)
    given = {"port": arguments.port} if arguments.port is not None else {}
    try:
        _run(load(home=arguments.root / ".localaws", **given))
    except LocalAwsError as error:
        raise SystemExit(f"error: {error}") from error


def _run(settings: Settings) -> None:
    running = server.status(settings)
    if running is not None:
        raise server.ServerError(f"the embedded AWS in {settings.home} is already running, at {running.endpoint}")
    # Also where a shell started this in the background, which has it ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        started = server.start(settings)
        sys.stdout.write(instructions(started, settings))
        sys.stdout.flush()
        while server.status(settings) is not None:
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        server.stop(settings)
        sys.stdout.write(f"\nStopped. Its data is kept in {settings.home}.\n")
        return
    raise server.ServerError(f"the embedded AWS ended unexpectedly: the reason is in {settings.home}/logs/server.log")


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def instructions(running: Server, settings: Settings) -> str:
    """Return what is printed after the start: the endpoint, and the variables that point AWS clients at it."""
    variables = server.client_environment(settings)
    exports = "".join(f"  export {name}={value}\n" for name, value in variables.items())
    return (
        f"The embedded AWS listens at {running.endpoint} and keeps everything in {settings.home}.\n"
        f"Any AWS client reaches it with these variables:\n\n{exports}\n"
        "Ctrl-C saves its state and ends it.\n"
    )


if __name__ == "__main__":
    main()
