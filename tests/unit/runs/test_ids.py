import pytest

from cartlake import contracts
from cartlake.runs.ids import RESERVED_NAMES, Workflow, dataset_of, workflow_of


@pytest.mark.parametrize(
    ("subject", "workflow", "dataset"),
    [
        pytest.param("transactions", Workflow.INGEST, "transactions", id="a dataset"),
        pytest.param("refresh", Workflow.REFRESH, None, id="the refresh"),
        pytest.param("maintenance", Workflow.MAINTENANCE, None, id="maintenance"),
    ],
)
def test_a_subject_has_a_workflow_and_a_dataset(subject, workflow, dataset):
    assert (workflow_of(subject), dataset_of(subject)) == (workflow, dataset)


def test_no_dataset_has_the_name_of_a_workflow_that_works_for_all():
    assert not set(contracts.all_names()) & RESERVED_NAMES
