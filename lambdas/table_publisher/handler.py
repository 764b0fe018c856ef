"""Publish step of the state machine: main becomes the audited branch, in one commit, or stays what it is."""

from typing import Annotated, Literal, TypeAlias

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, Field, RootModel

from cartlake.tables.snapshots import MAIN
from lambdas.shared.entry import Answer, entry, logger
from lambdas.table_publisher.adapters import IcebergTable, tables
from lambdas.table_publisher.domain import PublishError, Step, check_deleted_keys, plan_discard, plan_publish
from lambdas.table_publisher.settings import settings

settings()  # a bad environment fails the cold start


class Publish(BaseModel):
    """`snapshot_id` is text: 64 bits do not survive JSON numbers. Null means that the run wrote nothing."""

    action: Literal["publish"]
    table: str
    branch: str
    run_id: str
    snapshot_id: Annotated[str, Field(pattern=r"^\d+$")] | None


class Discard(BaseModel):
    action: Literal["discard"]
    table: str
    branch: str
    run_id: str


class Find(BaseModel):
    """Asks whether readers see a snapshot."""

    action: Literal["find"]
    table: str
    snapshot_id: Annotated[str, Field(pattern=r"^\d+$")]


AnyRequest: TypeAlias = Annotated[Publish | Discard | Find, Field(discriminator="action")]


class Request(RootModel[AnyRequest]):
    pass


@entry(Request)
def lambda_handler(request: Request, _context: LambdaContext) -> Answer:
    match request.root:
        case Publish(snapshot_id=None) as nothing:
            keep_deleted_keys(nothing.table, nothing.branch)
            return {"published_snapshot_id": None}
        case Publish() as audited:
            return publish(audited.table, audited.branch, int(str(audited.snapshot_id)))
        case Discard() as unwanted:
            return {"discarded": discard(unwanted.table, unwanted.branch)}
        case Find() as wanted:
            return {"is_published": tables().load(wanted.table).state.is_published(int(wanted.snapshot_id))}


def publish(name: str, branch: str, snapshot: int) -> Answer:
    table = tables().load(name)
    step = plan_publish(table.state, branch, snapshot)
    _take(step, table, branch)
    published = tables().load(name).state  # what readers see now, not what the commit said
    if not published.is_published(snapshot):
        raise PublishError(f"{name} was committed, but its main is at {published.refs.get(MAIN)}, not {snapshot}.")
    logger.info("published", table=name, branch=branch, snapshot=str(snapshot), step=step)
    return {"published_snapshot_id": str(snapshot)}


def keep_deleted_keys(name: str, branch: str) -> None:
    """Publish the deletes of a run that changed no row of the table."""
    table = tables().load(name)
    check_deleted_keys(table.state, branch)
    table.keep_deleted_keys(branch)
    logger.info("published_no_rows", table=name, branch=branch)


def discard(name: str, branch: str) -> bool:
    table = tables().load(name)
    step = plan_discard(table.state, branch)
    _take(step, table, branch)
    logger.info("discarded", table=name, branch=branch, step=step)
    return step is Step.DROP_BRANCH


def _take(step: Step, table: IcebergTable, branch: str) -> None:
    match step:
        case Step.FAST_FORWARD:
            table.fast_forward(branch)
        case Step.DROP_BRANCH:
            table.drop_branch(branch)
        case Step.NOTHING:
            pass
