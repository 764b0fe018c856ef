"""One step of one run, as the state machine asks for it."""

from typing import Literal

from pydantic import BaseModel

from cartlake.runs.folder import Step


class StepRequest(BaseModel):
    """Do a step of a run with the files of its manifest. `subject` is the dataset, as for a Glue job."""

    run_id: str
    subject: str
    step: Literal[Step.TRANSFORM, Step.SUPERSEDE_QUARANTINE]
    input_uri: str
