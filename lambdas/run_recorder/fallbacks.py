"""Put on record that Spark does a step which the light engine gave up, and remember batches that were too large."""

from typing import Literal

from pydantic import BaseModel

from cartlake.aws import s3
from cartlake.runs.documents import EngineChoice, Manifest, RefreshPlan
from cartlake.runs.engine_choice import load_size
from cartlake.runs.folder import Step
from cartlake.runs.ids import Workflow, subject_of
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
    step: Literal[Step.TRANSFORM, Step.SUPERSEDE_QUARANTINE, Step.REFRESH]
    error: str
    cause: str = ""


def fall_back(request: FallBack) -> Answer:
    """Record in the ledger, and in manifest or plan, that Spark does the step, and why; may be repeated."""
    return _refresh_falls_back(request) if request.step is Step.REFRESH else _load_falls_back(request)


def _refresh_falls_back(request: FallBack) -> Answer:
    uri = settings().folder(request.run_id).plan
    plan = s3.read_model(uri, RefreshPlan)
    why = why_given_up(request.error, request.cause)
    chosen = spark_instead(plan.engine, why)
    s3.write_text(uri, plan.model_copy(update={"engine": chosen}).model_dump_json(indent=2))
    ledger().runs.chosen(request.run_id, chosen, why)
    if is_too_large(request.error) and plan.size is not None:
        ledger().fallbacks.note(Workflow.REFRESH, request.run_id, request.error, plan.size, utc_now())
    return _counted(request, Workflow.REFRESH, chosen, why)


def _load_falls_back(request: FallBack) -> Answer:
    uri = settings().folder(request.run_id).manifest
    manifest = s3.read_model(uri, Manifest)
    why, subject = why_given_up(request.error, request.cause), subject_of(request.run_id)
    chosen = spark_instead(manifest.engine, why) if request.step is Step.TRANSFORM else manifest.engine
    s3.write_text(uri, manifest.model_copy(update={"engine": chosen}).model_dump_json(indent=2))
    ledger().runs.chosen(request.run_id, chosen, why)
    if is_too_large(request.error):
        size = load_size(manifest.files).expanded
        ledger().fallbacks.note(subject, request.run_id, request.error, size, utc_now())
    return _counted(request, subject, chosen, why)


def _counted(request: FallBack, subject: str, chosen: EngineChoice | None, why: str) -> Answer:
    count(subject, RunsFellBack=1)
    logger.warning("run_fell_back", run_id=request.run_id, step=request.step, error=request.error, why=why)
    return {"engine": chosen.engine if chosen else None}
