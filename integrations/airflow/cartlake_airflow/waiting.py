"""What operators and sensors share: the lake they use, and waiting without a worker."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Variable

from cartlake_airflow.errors import BadTaskError
from cartlake_airflow.lake import Lake
from cartlake_airflow.naming import Task
from cartlake_airflow.questions import Answer, ask
from cartlake_airflow.triggers import LedgerTrigger

try:
    from airflow.sdk.exceptions import AirflowException, AirflowFailException
except ImportError:  # the first versions of Airflow 3 have them elsewhere
    from airflow.exceptions import AirflowException, AirflowFailException

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.sdk import Context


@contextmanager
def no_retry_of_bad_tasks() -> Iterator[None]:
    """Fail a task at once for what a retry cannot help: BadTaskError becomes AirflowFailException."""
    try:
        yield
    except BadTaskError as error:
        raise AirflowFailException(str(error)) from error


class LakeTask(BaseOperator):
    """A task that uses a lake.

    `lake_variable` is the Airflow variable with Terraform's output `lake` as JSON.
    """

    lake_variable: str
    retry_begins_anew = False
    """Whether a retry of this task does what failed again, and not only asks again."""

    def lake(self) -> Lake:
        """Return the lake of the variable. Raises AirflowFailException if there is none."""
        with no_retry_of_bad_tasks():
            outputs = Variable.get(self.lake_variable, default=None, deserialize_json=True)
            if outputs is None:
                raise BadTaskError(
                    f"There is no Airflow variable {self.lake_variable!r}. "
                    "Set it to what `terraform output -json lake` prints."
                )
            return Lake.of(outputs)

    def wait(self, lake: Lake, question: str, about: str, poll_seconds: float, seconds: float) -> dict[str, Any]:
        """Return the result once the question is over, for which the task is deferred; `seconds` at most.

        Raises AirflowException if it failed, as AirflowFailException where a retry would not begin anew.
        """
        answer = ask(lake, question, about)
        if answer.state == "waiting":
            self.log.info("Waiting in the triggerer: %s", answer.message)
            trigger = LedgerTrigger(lake.names(), question, about, poll_seconds)
            self.defer(trigger=trigger, method_name="after_waiting", timeout=timedelta(seconds=seconds))
        return self.result_of(answer)

    def after_waiting(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """Go on with the answer that the trigger sent."""
        return self.result_of(Answer(**event))

    def result_of(self, answer: Answer) -> dict[str, Any]:
        """Return the result of an answer. Raises as `wait`."""
        if answer.state == "failed":
            raise (AirflowException if answer.again and self.retry_begins_anew else AirflowFailException)(
                answer.message
            )
        self.log.info("%s", answer.result)
        return answer.result


def task_of(context: Context) -> Task:
    """Return the task that is running, by the names that it keeps when it is tried again."""
    instance, run = context["ti"], context["dag_run"]
    index = -1 if instance.map_index is None else instance.map_index
    return Task(instance.dag_id, instance.run_id, instance.task_id, index, run.run_after)
