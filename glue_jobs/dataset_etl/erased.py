"""Rows of people who were erased are refused, whichever engine reads them."""

from cartlake import contracts
from cartlake.erasure.person_columns import person_columns
from glue_jobs.dataset_etl.run import Run
from glue_jobs.engines.base import Rows
from glue_jobs.transforms.file_rows.forgotten import (
    HASHES,
    INNER_KEY,
    OUTER_KEY,
    keyed_rows,
    texts_of_forgotten,
    without_forgotten,
)


def hide_erased(run: Run, judged: Rows) -> Rows:
    """Return judged rows in which those of erased people are refused and empty; the same where nobody was erased."""
    stones, engine = run.tombstones, run.engine
    if stones is None or not stones.stones:
        return judged
    columns = person_columns(contracts.load_all()).get(run.table.physical_name, ())
    hashes = engine.frame([(one,) for one in sorted(stones.hashes)], HASHES)
    keys = {INNER_KEY: stones.inner_key, OUTER_KEY: stones.outer_key}
    rows = engine.keep(engine.apply(keyed_rows, engine.with_values(judged, keys), columns=columns))
    texts = engine.freeze(engine.apply(texts_of_forgotten, engine.with_values(rows, keys), hashes))
    return engine.keep(engine.apply(without_forgotten, rows, hashes, texts, table=run.table, columns=columns))
