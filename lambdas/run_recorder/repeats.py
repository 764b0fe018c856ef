"""Put on record that a run repeats its transform because its table was compacted meanwhile, a few times at most."""

from typing import Final, Literal

from pydantic import BaseModel

from cartlake.errors import TerminalError
from cartlake.runs.ids import subject_of
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
    times, subject = ledger().runs.repeated(request.run_id), subject_of(request.run_id)
    if times > MAX_REPEATS:
        raise TooManyRepeatsError(
            f"The table of {subject} was compacted during {MAX_REPEATS + 1} attempts of run {request.run_id}, so "
            f"nothing was published. Stop what compacts it, then `lake quarantine replay {subject} --no-rows`."
        )
    count(subject, RunsRepeated=1)
    logger.warning("run_repeated", run_id=request.run_id, repeats=times)
    return {"repeats": times}
