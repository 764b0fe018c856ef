"""Entry point for our event FileValidated, the last step of the state machines, maintenance and the forecast."""

from dataclasses import asdict
from typing import Annotated, Any, Literal, Self, TypeAlias

from aws_lambda_powertools.utilities.parser.models import EventBridgeModel
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, Discriminator, RootModel, Tag, model_validator

from cartlake.maintenance.documents import MaintenanceRequest
from cartlake.runs.ids import RUN_ID, Workflow
from lambdas.run_coordinator.adapters import coordinator
from lambdas.run_coordinator.domain import Decision, Outcome
from lambdas.run_coordinator.settings import settings
from lambdas.shared.counting import count
from lambdas.shared.entry import Answer, entry, logger

settings()  # a bad environment fails the cold start


class ValidatedFile(BaseModel):
    dataset: str


class FileValidated(EventBridgeModel):
    detail: ValidatedFile


class Start(BaseModel):
    """From a command, or from the sweeper. `at_once`: somebody waits for the run, so that it gathers no more work."""

    action: Literal["start"]
    subject: str
    at_once: bool = False


class Release(BaseModel):
    """From the last step of a state machine. `then_start` is a workflow to start, if work is pending for it."""

    action: Literal["release"]
    subject: str
    run_id: str
    then_start: Literal[Workflow.REFRESH] | None = None


class Maintain(MaintenanceRequest):
    """From the schedule, or from `lake maintain`."""

    action: Literal["maintain"]


class StartForecast(BaseModel):
    """From the schedule, or from `lake forecast`."""

    action: Literal["forecast"]


class Begin(BaseModel):
    """From an orchestrator outside the lake, which names the run: asked for again, it is not started again."""

    action: Literal["begin"]
    workflow: Literal[Workflow.REFRESH, Workflow.MAINTENANCE, Workflow.FORECAST]
    run_id: str

    @model_validator(mode="after")
    def _is_of_the_workflow(self) -> Self:
        found = RUN_ID.fullmatch(self.run_id)
        if found is None or found["subject"] != self.workflow:
            raise ValueError(f"{self.run_id!r} must be {self.workflow}-<yyyymmddThhmmss>-<6 to 16 hex digits>.")
        return self


class Hold(BaseModel):
    """From the job that maintains tables, before and while it writes those of a dataset or of the refresh."""

    action: Literal["hold"]
    subject: str
    run_id: str


def _form(event: Any) -> str:
    return str(event["action"]) if isinstance(event, dict) and "action" in event else "event"


AnyRequest: TypeAlias = Annotated[
    Annotated[FileValidated, Tag("event")]
    | Annotated[Start, Tag("start")]
    | Annotated[Release, Tag("release")]
    | Annotated[Maintain, Tag("maintain")]
    | Annotated[StartForecast, Tag("forecast")]
    | Annotated[Begin, Tag("begin")]
    | Annotated[Hold, Tag("hold")],
    Discriminator(_form),
]


class Request(RootModel[AnyRequest]):
    pass


def decide(  # noqa: PLR0911 - one for each action
    request: FileValidated | Start | Release | Maintain | StartForecast | Begin | Hold,
) -> Decision:
    """Do what the request asks for, and return what was decided."""
    match request:
        case Release():
            decision = coordinator().release(request.subject, request.run_id)
            # After the release: the refresh waits for runs that load files, so it sees the next one but not this.
            if request.then_start:
                note(coordinator().start(request.then_start))
            return decision
        case Start():
            return coordinator().start(request.subject, at_once=request.at_once)
        case FileValidated():
            return coordinator().file_waits(request.detail.dataset)
        case Maintain():
            return coordinator().maintain(MaintenanceRequest(**request.model_dump(exclude={"action"})))
        case StartForecast():
            return coordinator().begin(Workflow.FORECAST)
        case Begin():
            return coordinator().begin_as(request.workflow, request.run_id)
        case Hold():
            return coordinator().hold(request.subject, request.run_id)


@entry(Request)
def lambda_handler(request: Request, _context: LambdaContext) -> Answer:
    decision = decide(request.root)
    note(decision)
    return asdict(decision)


def note(decision: Decision) -> None:
    """Count and log what was decided."""
    if decision.outcome in {Outcome.PLANNED, Outcome.STARTED, Outcome.TAKEN_OVER}:
        count(decision.subject, RunsStarted=1)
    logger.info("coordinated", **asdict(decision))
