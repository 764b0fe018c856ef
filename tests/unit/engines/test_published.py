from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from pyiceberg.table.snapshots import Operation

from glue_jobs.engines.duckdb.iceberg.published import written_at

APPEND, JOIN = Operation.APPEND, Operation.REPLACE


def table(snapshots, log):
    """Snapshots as (id, parent, operation), and the log of what readers saw, each a second after the one before."""
    known = {
        number: SimpleNamespace(parent_snapshot_id=parent, summary=SimpleNamespace(operation=operation))
        for number, parent, operation in snapshots
    }
    entries = [SimpleNamespace(snapshot_id=number, timestamp_ms=1000 * place) for place, number in enumerate(log, 1)]
    return SimpleNamespace(metadata=SimpleNamespace(snapshot_by_id=known.get, snapshot_log=entries))


@pytest.mark.parametrize(
    ("snapshots", "log", "second"),
    [
        pytest.param([], [], None, id="never written"),
        pytest.param([(1, None, APPEND)], [1], 1, id="written once"),
        pytest.param([(1, None, APPEND), (2, 1, JOIN)], [1, 2], 1, id="files joined by maintenance"),
        pytest.param(
            [(1, None, APPEND), (2, 1, APPEND), (3, 2, JOIN)],
            [1, 3],
            2,
            id="a run that joined its files published both",
        ),
        pytest.param([(1, None, APPEND), (2, 1, APPEND), (3, 2, JOIN)], [1, 2, 3], 2, id="joined after a run"),
        pytest.param([(1, None, APPEND), (2, 1, APPEND)], [1, 2, 1], 3, id="rolled back: other rows"),
        pytest.param([(2, 1, JOIN)], [1, 2], None, id="the snapshots that changed rows have expired"),
    ],
)
def test_rows_were_written_when_readers_saw_other_rows(snapshots, log, second):
    expected = None if second is None else datetime.fromtimestamp(second, UTC)

    assert written_at(table(snapshots, log)) == expected
