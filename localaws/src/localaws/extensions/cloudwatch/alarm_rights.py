"""With `LOCALAWS_AUTH=1`, an alarm is published only if the policies of topic and key let CloudWatch publish it."""

from __future__ import annotations

import logging
from typing import Any

from ministack import app
from ministack.services import cloudwatch

from localaws.hooks import wrap
from localaws.iam_state.deliveries import Sender, refusal

logger = logging.getLogger("localaws.alarms")

ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")


def install() -> None:
    """Ask the policies before an alarm's actions. Topics that may not be published to are left out and logged."""

    @wrap(cloudwatch, "_dispatch_alarm_actions")
    def _(original: Any, alarm: dict[str, Any], *more: Any) -> Any:
        if not app.AUTH:
            return original(alarm, *more)
        sender = Sender("cloudwatch.amazonaws.com", alarm.get("AlarmArn", ""))
        allowed = {name: [arn for arn in alarm.get(name) or () if _may(sender, arn)] for name in ACTIONS}
        return original({**alarm, **allowed}, *more)


def _may(sender: Sender, target: str) -> bool:
    refused = refusal(sender, target)
    if refused:
        logger.warning("alarm %s not published: %s", sender.source_arn, refused)
    return refused is None
