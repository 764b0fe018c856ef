"""Entry point for our event FileValidated, for the last step of the state machines, and for maintenance."""

from dataclasses import asdict
from typing import Annotated, Any, Literal, TypeAlias

from aws_lambda_powertools.utilities.parser.models import EventBridgeModel
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, Discriminator, RootModel, Tag

from cartlake.maintenance.documents import MaintenanceRequest
from lambdas.file_router.adapters import router
from lambdas.file_router.domain import Outcome, Routing
from lambdas.file_router.settings import settings
from lambdas.shared.counting import count
from lambdas.shared.entry import Answer, entry, logger

settings()  # a bad environment fails the cold start


class ValidatedFile(BaseModel):
    dataset: str


class FileValidated(EventBridgeModel):
    detail: ValidatedFile


class Start(BaseModel):
    action: Literal["start"]
    dataset: str


class Release(BaseModel):
    action: Literal["release"]
    dataset: str
    run_id: str


class Maintain(MaintenanceRequest):
    """From the schedule, or from `lake maintain`."""

    action: Literal["maintain"]


class Hold(BaseModel):
    """From the job that maintains tables, before and while it writes those of a dataset."""

    action: Literal["hold"]
    dataset: str
    run_id: str


def _form(event: Any) -> str:
    return str(event["action"]) if isinstance(event, dict) and "action" in event else "event"


AnyRequest: TypeAlias = Annotated[
    Annotated[FileValidated, Tag("event")]
    | Annotated[Start, Tag("start")]
    | Annotated[Release, Tag("release")]
    | Annotated[Maintain, Tag("maintain")]
    | Annotated[Hold, Tag("hold")],
    Discriminator(_form),
]


class Request(RootModel[AnyRequest]):
    pass


def route(request: FileValidated | Start | Release | Maintain | Hold) -> Routing:
    match request:
        case Release():
            return router().release(request.dataset, request.run_id)
        case Start():
            return router().start(request.dataset)
        case FileValidated():
            return router().start(request.detail.dataset)
        case Maintain():
            return router().maintain(MaintenanceRequest(**request.model_dump(exclude={"action"})))
        case Hold():
            return router().hold(request.dataset, request.run_id)


@entry(Request)
def lambda_handler(request: Request, _context: LambdaContext) -> Answer:
    routing = route(request.root)
    if routing.outcome in {Outcome.STARTED, Outcome.TAKEN_OVER}:
        count(routing.dataset, RunsStarted=1)
    logger.info("routed", **asdict(routing))
    return asdict(routing)
