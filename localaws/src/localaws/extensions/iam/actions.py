"""With `LOCALAWS_AUTH=1`, authorizes batch calls of SQS and SNS by the action of the single call, as AWS does.

On AWS there is no action `sqs:SendMessageBatch`: a role that may `sqs:SendMessage` may send batches. MiniStack checks
an action with the name of the call, which no policy written for AWS allows. The batch calls of other services
(DynamoDB, Glue, Kinesis, Firehose, Athena) have actions of their own.
"""

from __future__ import annotations

from typing import Any, Final

from ministack.core import iam_actions

from localaws.hooks import wrap

SINGLE_ACTIONS: Final = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sns:PublishBatch": "sns:Publish",
}
"""The action that AWS checks, by the one named like the call (AWS's Service Authorization Reference)."""


def install() -> None:
    """Return the action that AWS checks for each call; MiniStack determines all others."""

    @wrap(iam_actions, "extract_iam_action")
    def _(original: Any, *request: Any) -> str | None:
        action: str | None = original(*request)
        return SINGLE_ACTIONS.get(action, action) if action else None
