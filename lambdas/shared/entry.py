"""The wrapper of every handler: parsed event, log context, trace, and AWS errors sorted into retryable and not."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from cartlake.aws.clients import aws_errors

Request = TypeVar("Request", bound=BaseModel)
Answer = dict[str, Any]
Handler = Callable[[Any, LambdaContext], Answer]

logger = Logger()
tracer = Tracer()


def entry(model: type[Request]) -> Callable[[Callable[[Request, LambdaContext], Answer]], Handler]:
    """Make a Lambda handler of a function that takes its parsed event and the Lambda context.

    An event that does not fit `model` raises pydantic's ValidationError, which no state machine retries. Errors are
    logged here, once; their class names are what Retry and Catch match.
    """

    def decorate(handle: Callable[[Request, LambdaContext], Answer]) -> Handler:
        @wraps(handle)
        def parse_and_handle(event: Any, context: LambdaContext) -> Answer:
            try:
                with aws_errors():
                    return handle(model.model_validate(event), context)
            except Exception:
                logger.exception("failed")
                raise

        traced = tracer.capture_lambda_handler(parse_and_handle, capture_response=False)
        handler: Handler = logger.inject_lambda_context(traced, clear_state=True)
        return handler

    return decorate
