"""The SFTP servers of a lake: what each holds, and a read of one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from cartlake_cli.errors import CommandError
from cartlake_cli.functions import call

if TYPE_CHECKING:
    from cartlake.ledger.sftp import ServerState
    from cartlake_cli.context import Lake

FUNCTION: Final = "sftp_reader"
FILE_COLUMNS: Final = ("file", "bytes", "outcome", "why", "key")


def servers_of(lake: Lake) -> list[dict[str, Any]]:
    """Return the servers that the lake reads, as `lake sources` shows them: how the last read of each ended."""
    states = {state.server: state for state in lake.ledger.sftp.all()}
    return [
        {
            "source": name,
            "reads": f"files of {server.dataset} from {server.place}",
            "enabled": True,
            "schedule": server.schedule,
            **(_progress(states[name]) if name in states else {}),
        }
        for name, server in sorted(lake.outputs.sftp.items())
    ]


def files_of(lake: Lake, name: str) -> list[dict[str, Any]]:
    """Return the files of a server as they were last listed, by their paths. Raises CommandError for another name."""
    if name not in lake.outputs.sftp:
        raise CommandError(
            f"{name!r} is no SFTP server of this lake. It reads: {', '.join(sorted(lake.outputs.sftp)) or 'none'}. "
            f"Of other sources there are no files to show: docs/sftp.md."
        )
    files = sorted(lake.ledger.sftp.files(name).values(), key=lambda one: one.path)
    return [one.model_dump(mode="json", exclude={"file_id"}) for one in files]


def read_server(lake: Lake, name: str, *, dry_run: bool = False, wait: bool = True) -> dict[str, Any]:
    """Read a server; returns the answer of `sftp_reader`, with the files that any of its calls fetched.

    Without `dry_run` it is called until it is done. With `wait` it is called once more for files that may still be
    written, when they have settled. Raises CommandError when another reader is at work, and when the read fails.
    """
    answer = _call(lake, name, dry_run=dry_run)
    if dry_run:
        return answer
    answer = _until_done(lake, name, answer)
    if wait and answer["settles_in"] is not None:
        lake.output.say(
            f"{answer['waiting']} files wait. Those that look the same in {answer['settles_in']} s are read then."
        )
        time.sleep(answer["settles_in"] + 1)
        answer = _until_done(lake, name, _added(answer, _call(lake, name)))
    return answer


def _until_done(lake: Lake, name: str, answer: dict[str, Any]) -> dict[str, Any]:
    while answer["outcome"] == "unfinished":
        lake.output.say(f"{answer['fetched']:,} files are fetched, and the read goes on.")
        answer = _added(answer, _call(lake, name))
    return answer


def _call(lake: Lake, name: str, *, dry_run: bool = False) -> dict[str, Any]:
    request = {"server": name, "dry_run": dry_run}
    answer = call(lake, FUNCTION, request, failed=f"The read of {name} failed", patient=True)
    if answer["outcome"] == "busy":
        raise CommandError(answer["message"])
    return answer


def _added(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of two calls: what the first fetched is known to the second, if it is still on the server."""
    fetched = [one for one in before["files"] if one["outcome"] == "fetched"]
    known = max(after["known"] - before["fetched"], 0)
    counts = {"known": known, "fetched": before["fetched"] + after["fetched"]}
    listed = counts["known"] + counts["fetched"] + after["waiting"] + after["refused"]
    return after | counts | {"listed": listed, "files": [*fetched, *after["files"]]}


def _progress(state: ServerState) -> dict[str, Any]:
    last = state.last
    return {
        "ended_at": state.ended_at,
        "state": "FAILED" if state.error else "REFUSED" if last and last.refused else "DONE",
        "read": last.listed if last else 0,
        "written": last.fetched if last else 0,
        "files": last.fetched if last else 0,
        "error": state.error
        or (f"{last.refused} files are refused: lake sources {state.server}" if last and last.refused else None),
    }
