"""Which engine loads the files of a run, and how many of those that wait it takes."""

from collections.abc import Sequence

from cartlake.contracts import Contract
from cartlake.runs.batching import files_to_take
from cartlake.runs.documents import EngineChoice, ManifestFile
from cartlake.runs.engine_choice import LoadSize, choose_engine, load_size, spark_only
from cartlake.runs.slicing import SizedFile, SliceLimits, fits, slice_limits
from cartlake.times import utc_now
from lambdas.batch_claimer.adapters import stored_size
from lambdas.batch_claimer.domain import looked_at
from lambdas.batch_claimer.settings import settings
from lambdas.shared.clients import ledger
from lambdas.shared.counting import count
from lambdas.shared.entry import logger, tracer


@tracer.capture_method(capture_response=False)
def choose(
    contract: Contract, run_id: str, files: Sequence[ManifestFile], too_large: int | None, *, backfill: bool
) -> EngineChoice:
    """Return the engine that loads the files, and put it on record. `too_large` as `too_large_batch` returns it."""
    limits, table = settings().limits, contract.table
    look_at = looked_at(table, stored_size(contract), limits, backfill=backfill)
    size = load_size(files, look_at, keys=not table.keys_keep_their_day)
    chosen = choose_engine(size, limits, contract.engine, too_large=too_large, only_spark=spark_only(table))
    ledger().runs.chosen(run_id, chosen)
    count(contract.name, **{f"Runs{chosen.engine.title()}": 1})
    logger.info("engine_chosen", dataset=contract.name, run_id=run_id, **chosen.model_dump())
    return chosen


def to_take(contract: Contract, files: Sequence[SizedFile], too_large: int | None) -> int:
    """Return how many of the files that wait, given oldest first, a run takes. `too_large` as in `choose`."""
    limits = slice_limits("light", settings().limits, too_large)
    # Most batches are small, and then the table's size need not be read.
    if fits(files, limits) or _engine_of_the_smallest(contract) == "spark":
        return len(files)
    return files_to_take(files, limits)


def largest_slice(contract: Contract) -> SliceLimits:
    """Return the largest slice of a backfill, for the engine that loads the smallest."""
    return slice_limits(_engine_of_the_smallest(contract), settings().limits, too_large_batch(contract))


def _engine_of_the_smallest(contract: Contract) -> str:
    stored = stored_size(contract)
    nothing = LoadSize(files=0, stored=0, expanded=0, rows=0, table=stored.bytes if stored else None)
    choice = choose_engine(nothing, settings().limits, contract.engine, only_spark=spark_only(contract.table))
    return choice.engine


def too_large_batch(contract: Contract) -> int | None:
    """Return the expanded bytes of a batch that was too large for the light engine not long ago, if one was."""
    known = ledger().fallbacks.get(contract.name, utc_now())
    return known.size if known else None
