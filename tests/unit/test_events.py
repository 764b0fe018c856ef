import json

from cartlake.events import EVENTS, FileDuplicate, RunSucceeded
from cartlake.runs.ids import Workflow


def test_an_event_is_named_by_its_model_and_leaves_out_what_it_does_not_know():
    event = RunSucceeded(workflow=Workflow.REFRESH, run_id="refresh-20260131T083000-1a2b3c", tables=["curated.a"])

    assert event.detail_type() == "RunSucceeded"
    assert json.loads(event.detail()) == {
        "workflow": "refresh",
        "run_id": "refresh-20260131T083000-1a2b3c",
        "tables": ["curated.a"],
    }


def test_all_events_are_listed():
    def leaves(model):
        children = model.__subclasses__()
        return {leaf for child in children for leaf in leaves(child)} if children else {model}

    base = FileDuplicate.__mro__[2]
    assert leaves(base) == set(EVENTS)
