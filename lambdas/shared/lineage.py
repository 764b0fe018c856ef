"""Lineage of runs, written by the steps of the workflows. It never fails a run: what cannot be written is counted."""

from collections.abc import Callable
from functools import cache

from pydantic import Field

from cartlake.aws import s3
from cartlake.lineage.model import LineageRun
from cartlake.lineage.runs import Catalog
from cartlake.lineage.sending import SECONDS, LineageServerError, send
from cartlake.lineage.storing import store
from cartlake.runs.ids import subject_of
from cartlake.secrets import SecretError, read_secret
from lambdas.shared.counting import count
from lambdas.shared.entry import logger
from lambdas.shared.settings import ArtifactSettings


class LineageSettings(ArtifactSettings):
    """`lineage_namespace` is of the lake's jobs; events are also sent to `lineage_url`, if there is one.

    `lineage_secret` is the name of the secret with the key of that server; empty where it asks for none.
    """

    lineage_namespace: str = Field(default="cartlake", min_length=1)
    lineage_url: str = Field(default="", pattern=r"^(https?://\S+)?$")
    lineage_secret: str = ""
    database_prefix: str = ""


@cache
def _settings() -> LineageSettings:
    return LineageSettings()


def catalog_of(function_arn: str) -> Catalog:
    """Return the Glue catalog in the partition, region and account of a function."""
    _, partition, _, region, account, *_ = function_arn.split(":")
    return Catalog(f"arn:{partition}:glue:{region}:{account}", _settings().database_prefix)


def write_lineage(run_id: str, lineage: Callable[[], LineageRun | None]) -> None:
    """Write the events of a run, and send them if the run has ended. None is a run that has no lineage.

    Whatever goes wrong is logged and counted, as `LineageNotWritten` or `LineageNotSent`.
    """
    try:
        run = lineage()
        if run is None:
            return
        events = store(_settings().folder(run_id), run, _settings().lineage_namespace)
        if run.ended_at is not None and _settings().lineage_url:
            _send(run_id, events)
    except Exception:  # noqa: BLE001 - rows are published or not, whether their lineage is known or not
        logger.exception("lineage_not_written", run_id=run_id)
        count(subject_of(run_id), LineageNotWritten=1)


def _send(run_id: str, events: list[str]) -> None:
    try:
        if _settings().lineage_secret:
            send(_settings().lineage_url, events, SECONDS, read_secret(_settings().lineage_secret))
        else:
            send(_settings().lineage_url, events)
    except (LineageServerError, SecretError) as error:
        s3.write_text(_settings().folder(run_id).lineage_unsent, str(error), "text/plain")
        logger.warning("lineage_not_sent", run_id=run_id, error=str(error))
        count(subject_of(run_id), LineageNotSent=1)
