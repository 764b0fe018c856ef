from functools import cache

from cartlake import contracts
from cartlake.aws.clients import client
from cartlake.ledger import Ledger
from cartlake.refresh.graph import Graph
from lambdas.refresh_planner.settings import settings
from lambdas.shared.objects import Documents


@cache
def ledger() -> Ledger:
    return Ledger(settings().ledger_table, client("dynamodb"))


@cache
def documents() -> Documents:
    return Documents(client("s3"))


@cache
def graph() -> Graph:
    return Graph.of(contracts.load_all())
