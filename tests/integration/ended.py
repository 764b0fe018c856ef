"""Processes that do a step of a run on the light engine, and can be killed at a named place, as Lambda does.

A process is forked from one that has imported everything, so that it starts in a tenth of a second. Nothing of Python
runs after SIGKILL: no `finally`, no answer, no removal of files.
"""

import multiprocessing
import os
import signal
from itertools import count

from cartlake.aws.clients import client

CONTEXT = multiprocessing.get_context("forkserver")
_IMPORTED = (
    "cartlake.contracts",
    "glue_jobs.dataset_etl.tasks",
    "glue_jobs.engines.duckdb.engine",
    "glue_jobs.engines.duckdb.refreshing",
    "glue_jobs.table_refresh.pipeline",
    "tests.integration.light_lake",
    "tests.spark.light_loading",
)


def start(work, *arguments, place=None, commit=0):
    """Start a process that calls `work(*arguments)`, with the environment of this one, and return it.

    It is killed at a place of its `commit`-th commit to any table, if there is one: `before the metadata of`, or
    `after`. `before the files of` counts uploads of files.
    """
    CONTEXT.set_forkserver_preload(list(_IMPORTED))
    process = CONTEXT.Process(target=_work, args=(work, arguments, place, commit, dict(os.environ)))
    process.start()
    return process


def killed(work, *arguments, place, commit) -> bool:
    """Whether a process that calls `work(*arguments)` was killed at that place; False when it never came there."""
    process = start(work, *arguments, place=place, commit=commit)
    process.join(300)
    return process.exitcode == -signal.SIGKILL


def _work(work, arguments, place, commit, environment):
    os.environ.update(environment)
    client.cache_clear()
    _die_at(place, commit)
    work(*arguments)


def _die_at(place, number):
    from cartlake.tables.glue_catalog import LakeCatalog
    from glue_jobs.engines.duckdb.iceberg.files import TableFiles

    update, upload = LakeCatalog._update_glue_table, TableFiles._upload
    updates, uploads = count(1), count(1)

    def counted_update(*given, **named):
        turn = next(updates)
        if turn == number and place == "before the metadata of":
            _die()
        update(*given, **named)
        if turn == number and place == "after":
            _die()

    def counted_upload(self, files):
        made = upload(self, files)
        if made and next(uploads) == number and place == "before the files of":
            _die()
        return made

    LakeCatalog._update_glue_table, TableFiles._upload = counted_update, counted_upload


def _die():
    os.kill(os.getpid(), signal.SIGKILL)
