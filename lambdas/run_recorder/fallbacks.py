"""Put on record that Spark does a step which the light engine gave up, and remember batches that were too large."""

from typing import Literal

from pydantic import BaseModel

from cartlake.aws import s3
from cartlake.runs.documents import Manifest
from cartlake.runs.engine_choice import load_size
from cartlake.runs.folder import Step
from cartlake.runs.ids import subject_of
from cartlake.times import utc_now
from lambdas.run_recorder.domain import is_too_large, spark_instead, why_given_up
from lambdas.run_recorder.settings import settings
from lambdas.shared.clients import ledger
from lambdas.shared.counting import count
from lambdas.shared.entry import Answer, logger


class FallBack(BaseModel):
    """The light engine gave up a step of a run; `error` and `cause` are Lambda's."""

    action: Literal["fall_back"]
    run_id: str
    step: Literal[Step.TRANSFORM, Step.SUPERSEDE_QUARANTINE]
    error: str
    cause: str = ""


def fall_back(request: FallBack) -> Answer:
    """Record in ledger and manifest that Spark does the step, and why; may be repeated."""
    uri = settings().folder(request.run_id).manifest
    manifest = s3.read_model(uri, Manifest)
    why, subject = why_given_up(request.error, request.cause), subject_of(request.run_id)
    chosen = spark_instead(manifest.engine, why) if request.step is Step.TRANSFORM else manifest.engine
    s3.write_text(uri, manifest.model_copy(update={"engine": chosen}).model_dump_json(indent=2))
    ledger().runs.chosen(request.run_id, chosen, why)
    if is_too_large(request.error):
        size = load_size(manifest.files).expanded
        ledger().fallbacks.note(subject, request.run_id, request.error, size, utc_now())
    count(subject, RunsFellBack=1)
    logger.warning("run_fell_back", run_id=request.run_id, step=request.step, error=request.error, why=why)
    return {"engine": chosen.engine if chosen else None}
