"""One refresh, as the state machine asks for it."""

from pydantic import BaseModel


class RefreshRequest(BaseModel):
    """Rebuild the stale tables of the plan at `input_uri`, a document of the run."""

    run_id: str
    input_uri: str
