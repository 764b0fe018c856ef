"""The sources of a lake: how far each was read, and a sync of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cartlake.times import stamp
from cartlake_cli.errors import CommandError
from cartlake_cli.functions import call
from sources.registry import SOURCES

if TYPE_CHECKING:
    from datetime import datetime

    from cartlake.ledger.sources import SourceState
    from cartlake_cli.context import Lake

FUNCTION: Final = "source_sync"


def sources_of(lake: Lake) -> list[dict[str, Any]]:
    """Return all sources there are, by name: whether and when the lake reads each, and how far it was read."""
    states = {state.source: state for state in lake.ledger.sources.all()}
    enabled = lake.outputs.sources
    return [
        {
            "source": name,
            "reads": entry.reads,
            "enabled": name in enabled,
            "schedule": enabled.get(name),
            **(_progress(states[name]) if name in states else {}),
        }
        for name, entry in SOURCES.items()
    ]


def sync_source(lake: Lake, source: str, *, since: datetime | None = None, dry_run: bool = False) -> dict[str, Any]:
    """Read a source until the end, or with `dry_run` what one invocation reads; returns the answer of `source_sync`.

    Raises CommandError when the source is not enabled, when another sync is at work, and when the sync fails.
    """
    if source not in lake.outputs.sources:
        enabled = sorted([*lake.outputs.sources, *lake.outputs.sftp])
        raise CommandError(
            f"{source!r} is no source of this lake. Enabled: {', '.join(enabled) or 'none'}. "
            f"`lake sources` lists all; docs/sources.md says how one is enabled."
        )
    answer = _invoke(lake, {"source": source, "dry_run": dry_run, **({"since": stamp(since)} if since else {})})
    while answer["outcome"] == "unfinished" and not dry_run:
        lake.output.say(f"{answer['written']:,} rows are written, and the sync goes on.")
        answer = _invoke(lake, {"source": source})
    if answer["outcome"] == "busy":
        raise CommandError(answer["message"])
    return answer


def _invoke(lake: Lake, request: dict[str, Any]) -> dict[str, Any]:
    return call(lake, FUNCTION, request, failed=f"The sync of {request['source']} failed", patient=True)


def _progress(state: SourceState) -> dict[str, Any]:
    of = state.open or state.last
    return {
        "read_until": state.watermark,
        "ended_at": state.ended_at,
        "state": "FAILED" if state.error else "UNFINISHED" if state.open else "DONE",
        "read": of.read if of else 0,
        "written": of.written if of else 0,
        "files": of.files if of else 0,
        "error": state.error,
    }
