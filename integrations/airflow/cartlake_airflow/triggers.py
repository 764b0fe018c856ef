"""Waits for the lake in Airflow's triggerer, where a wait takes no worker."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from cartlake_airflow.lake import Lake
from cartlake_airflow.questions import ask

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class LedgerTrigger(BaseTrigger):
    """Asks the ledger a question every `poll_seconds` until it is over, and sends the answer. It changes nothing.

    `lake` has the names of the lake, `question` and `about` are those of `cartlake_airflow.questions.ask`.
    """

    def __init__(self, lake: dict[str, str], question: str, about: str, poll_seconds: float) -> None:
        super().__init__()
        self.lake = lake
        self.question = question
        self.about = about
        self.poll_seconds = poll_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what Airflow makes the trigger of, in another process or after a restart."""
        names = ("lake", "question", "about", "poll_seconds")
        return "cartlake_airflow.triggers.LedgerTrigger", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event: the answer."""
        lake, said = Lake.of(self.lake), ""
        while True:
            # In a thread: boto3 blocks, and all triggers share one event loop.
            answer = await asyncio.to_thread(ask, lake, self.question, self.about)
            if answer.state != "waiting":
                yield TriggerEvent(asdict(answer))
                return
            if answer.message != said:
                said = answer.message
                self.log.info("Waiting: %s", said)
            await asyncio.sleep(self.poll_seconds)
