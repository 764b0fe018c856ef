from functools import cache

from cartlake.aws.clients import client
from lambdas.shared.objects import Documents


@cache
def documents() -> Documents:
    return Documents(client("s3"))
