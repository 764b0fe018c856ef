"""Audit step of the state machine: returns whether the batch passed. A failed audit is a result, not an error."""

import json

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from cartlake import contracts
from cartlake.aws import s3
from cartlake.aws.s3 import DocumentError
from cartlake.runs.documents import Manifest, TransformReport
from cartlake.times import stamp, utc_now
from lambdas.data_quality_check.domain import RECONCILIATION, judge
from lambdas.data_quality_check.settings import settings
from lambdas.shared.counting import count
from lambdas.shared.entry import Answer, entry, logger

settings()  # a bad environment fails the cold start


class Request(BaseModel):
    dataset: str
    run_id: str
    report_uri: str


@entry(Request)
def lambda_handler(request: Request, _context: LambdaContext) -> Answer:
    folder = settings().folder(request.run_id)
    report = s3.read_model(request.report_uri, TransformReport)
    if report.run_id != request.run_id:
        raise DocumentError(f"{request.report_uri} is the report of run {report.run_id}, not of {request.run_id}.")
    manifest = s3.read_model(folder.manifest, Manifest)
    contract = contracts.load(request.dataset)
    judged = judge(report, manifest, contract.table.table_rules)
    if any(finding.rule == RECONCILIATION for finding in judged.failures):
        count(contract.name, ReconciliationMismatches=1)
    verdict = judged.model_dump(mode="json")
    about = {"run_id": request.run_id, "contract": f"{contract.name} {contract.version}", "at": stamp(utc_now())}
    s3.write_text(folder.quality, json.dumps({**about, **verdict}, indent=2))
    logger.info("batch_judged", run_id=request.run_id, **verdict)
    return {**verdict, "report_uri": folder.quality}
