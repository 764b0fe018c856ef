"""Put on record that a run repeats its transform because its table was compacted meanwhile, a few times at most."""

from typing import Final, Literal

from pydantic import BaseModel

from cartlake.errors import TerminalError
from lambdas.shared.clients import ledger
from lambdas.shared.counting import count
from lambdas.shared.entry import Answer, logger

MAX_REPEATS: Final = 3


class TooManyRepeatsError(TerminalError):
    """The table was compacted during every attempt of a run. Nothing was published."""


class Repeat(BaseModel):
    """The publisher refused the branch of a run because main was compacted while it was written."""

    action: Literal["repeat"]
    run_id: str


def repeat(request: Repeat) -> Answer:
    """Count the repetition of a run. Raises TooManyRepeatsError after MAX_REPEATS."""
    run = ledger().runs.repeated(request.run_id)
    if run.repeats > MAX_REPEATS:
        again = f"backfill {run.subject} --resume" if run.slice else f"quarantine replay {run.subject} --no-rows"
        raise TooManyRepeatsError(
            f"The table of {run.subject} was compacted during {MAX_REPEATS + 1} attempts of run {run.run_id}, so "
            f"nothing was published. Stop what compacts it, then `lake {again}`."
        )
    count(run.subject, RunsRepeated=1)
    logger.warning("run_repeated", run_id=run.run_id, repeats=run.repeats)
    return {"repeats": run.repeats}
