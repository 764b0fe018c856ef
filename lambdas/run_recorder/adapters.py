"""OpenLineage events, as the run recorder writes them."""

from typing import TYPE_CHECKING, Final

from lambdas.run_recorder.domain import LineageDataset, LineageRun

if TYPE_CHECKING:
    from openlineage.client.generated.base import RunFacet

PRODUCER: Final = "urn:cartlake"
"""URI of the software that produced an event, which OpenLineage requires."""


def open_lineage(lineage: LineageRun) -> str:
    """Return a run as OpenLineage events, one JSON object a line: START, then COMPLETE or FAIL."""
    # Half a second of import, which only the last step of a run should cost.
    from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState  # noqa: PLC0415
    from openlineage.client.generated.error_message_run import ErrorMessageRunFacet  # noqa: PLC0415
    from openlineage.client.generated.input_statistics_input_dataset import (  # noqa: PLC0415
        InputStatisticsInputDatasetFacet,
    )
    from openlineage.client.generated.output_statistics_output_dataset import (  # noqa: PLC0415
        OutputStatisticsOutputDatasetFacet,
    )
    from openlineage.client.serde import Serde  # noqa: PLC0415

    def read(dataset: LineageDataset) -> InputDataset:
        facet = InputStatisticsInputDatasetFacet(rowCount=dataset.rows, size=dataset.size)
        return InputDataset(dataset.namespace, dataset.name, {"inputStatistics": facet})

    def written(dataset: LineageDataset) -> OutputDataset:
        facet = OutputStatisticsOutputDatasetFacet(rowCount=dataset.rows)
        return OutputDataset(dataset.namespace, dataset.name, {"outputStatistics": facet})

    end = RunState.FAIL if lineage.error else RunState.COMPLETE
    fault: dict[str, RunFacet] = {}
    if lineage.error:
        fault["errorMessage"] = ErrorMessageRunFacet(lineage.error, "Python")
    moments: tuple[tuple[RunState, str, dict[str, RunFacet]], ...] = (
        (RunState.START, lineage.started_at, {}),
        (end, lineage.ended_at, fault),
    )
    events = [
        RunEvent(
            eventTime=at,
            producer=PRODUCER,
            run=Run(lineage.run_uuid, facets),
            job=Job(lineage.job_namespace, lineage.job_name),
            eventType=state,
            inputs=[read(dataset) for dataset in lineage.inputs],
            outputs=[written(dataset) for dataset in lineage.outputs],
        )
        for state, at, facets in moments
    ]
    return "".join(f"{Serde.to_json(event)}\n" for event in events)
