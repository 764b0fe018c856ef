"""With `LOCALAWS_AUTH=1`, an event is delivered only if the target's own policy lets EventBridge deliver it, as on AWS.

Queues, topics and functions are asked, and the key of an encrypted queue or topic. EventBridge names the rule and its
account to the target, but neither to the key of a topic: a key policy that asks for them loses every event, silently.
"""

from __future__ import annotations

import logging
from typing import Any

from ministack import app
from ministack.services import eventbridge

from localaws.hooks import wrap
from localaws.iam_state.deliveries import Sender, refusal

logger = logging.getLogger("localaws.eventbridge")

KEYS_WITHOUT_SOURCE = frozenset({"sns"})


def install() -> None:
    """Ask the policies before each delivery. An event that may not be delivered is dropped and logged."""

    @wrap(eventbridge, "_invoke_target")
    def _(original: Any, target: dict[str, Any], event: Any, rule: dict[str, Any], *more: Any) -> Any:
        sender = Sender("events.amazonaws.com", rule["Arn"], KEYS_WITHOUT_SOURCE)
        refused = refusal(sender, target.get("Arn", "")) if app.AUTH else None
        if refused:
            logger.warning("EventBridge rule %s: event dropped, %s", rule["Arn"], refused)
            return None
        return original(target, event, rule, *more)
