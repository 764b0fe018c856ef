"""Records the bytes and times of each query of the workgroup in ops.query_history, to query costs in SQL."""

from aws_lambda_powertools.utilities.parser.models import EventBridgeModel
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from cartlake.aws import s3
from lambdas.query_recorder.adapters import query_execution
from lambdas.query_recorder.domain import record_of
from lambdas.query_recorder.settings import settings
from lambdas.shared.counting import count
from lambdas.shared.entry import Answer, entry, logger

settings()  # a bad environment fails the cold start


class QueryDetail(BaseModel):
    queryExecutionId: str  # noqa: N815 - names of AWS


class QueryEnded(EventBridgeModel):
    detail: QueryDetail


@entry(QueryEnded)
def lambda_handler(event: QueryEnded, _context: LambdaContext) -> Answer:
    record = record_of(query_execution(event.detail.queryExecutionId))
    uri = f"s3://{settings().artifacts_bucket}/{record.key}"
    s3.write_text(uri, record.model_dump_json())
    count(record.database_name or "none", QueryBytes=record.scanned_bytes)
    logger.info("query_recorded", **record.model_dump())
    return {"uri": uri}
