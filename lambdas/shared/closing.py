"""The end of a run whose execution ended without its last steps: it was aborted, timed out, or is gone."""

from functools import cache

from cartlake.errors import CartlakeError
from cartlake.events import RunFailed
from cartlake.ledger import RunState
from cartlake.runs.ids import Workflow, dataset_of, subject_of, workflow_of
from lambdas.shared.clients import event_bus, ledger
from lambdas.shared.counting import count
from lambdas.shared.entry import logger
from lambdas.shared.invoking import invoke
from lambdas.shared.settings import ClosingSettings


@cache
def _settings() -> ClosingSettings:
    return ClosingSettings()


def close_run(run_id: str, error: str, cause: str) -> bool:
    """Record how a run ended; returns whether this call recorded that it failed.

    A load whose rows were published has succeeded: its files are LOADED, and what is built from them is stale.
    """
    if _is_recorded(run_id) or not ledger().runs.fail(run_id, error, cause):
        return False
    subject = subject_of(run_id)
    count(subject, RunsFailed=1)
    about = {"workflow": workflow_of(subject), "dataset": dataset_of(subject)}
    event_bus().send(RunFailed(**about, run_id=run_id, error=error, cause=cause))
    return True


def release_request(subject: str, run_id: str) -> dict[str, str]:
    """Return what the run coordinator is asked once a run has ended: to release its lock and start the next run.

    After a load also a refresh, if something is stale: its rows may be published.
    """
    request = {"action": "release", "subject": subject, "run_id": run_id}
    return request | ({"then_start": Workflow.REFRESH} if workflow_of(subject) is Workflow.INGEST else {})


def _is_recorded(run_id: str) -> bool:
    """Have the recorder look whether the rows of a load are published; returns whether the run has succeeded."""
    run = ledger().runs.get(run_id)
    if run is None or run.state is not RunState.RUNNING or run.workflow is not Workflow.INGEST:
        return False
    try:
        answer = invoke(_settings().run_recorder_function, {"action": "record_published", "run_id": run_id})
    except CartlakeError:  # the recorder itself may be why the execution failed
        logger.exception("not_recorded", run_id=run_id)
        return False
    return bool(answer["recorded"])
