"""The last act of a refresh: writes the tiles that the dashboard reads, so that a page view asks no query engine.

It may be invoked again: a tile is written anew from the versions of the tables that are published then. The index is
written last, so that the page never finds a tile in it that is not there. Where Explore is enabled, marts follow.
"""

import json
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from cartlake import contracts
from cartlake.aws import s3
from cartlake.aws.clients import aws_errors, client
from cartlake.refresh.graph import Graph
from cartlake.times import stamp, utc_now
from glue_jobs.engines.duckdb.session import httpfs_file
from lambdas.shared.clients import ledger
from lambdas.shared.entry import Answer, entry, logger
from lambdas.tile_writer.adapters import TileSource, explore_index, read_tiles, tile_source
from lambdas.tile_writer.domain import tile_document
from lambdas.tile_writer.explore import FORMAT, ExploreIndex, export
from lambdas.tile_writer.settings import settings

settings()  # a bad environment fails the cold start
httpfs_file()  # and so does an incomplete layer


class TilesRequest(BaseModel):
    """Write all tiles, after the run that changed tables."""

    run_id: str


@entry(TilesRequest)
def lambda_handler(request: TilesRequest, context: LambdaContext) -> Answer:
    now, written = utc_now(), []
    with tile_source(settings().database_prefix, ledger(), request.run_id, int(context.memory_limit_in_mb)) as source:
        for tile in read_tiles():
            document = tile_document(tile, source.columns(tile), source.sources_of(tile), request.run_id, now)
            written.append({"tile": tile.name, "bytes": write(tile.name, document), "rows": document["rows"]})
        write("index", index_document(request.run_id, stamp(now), written))
        if settings().explore:
            write_explore(source, request.run_id, stamp(now))
    logger.info("tiles_written", run_id=request.run_id, tiles=len(written), bytes=sum(one["bytes"] for one in written))
    return {"tiles": len(written), "bytes": sum(one["bytes"] for one in written)}


def index_document(run_id: str, now: str, written: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the page reads first: which tiles there are, and how to show times and amounts."""
    return {
        "run_id": run_id,
        "written_at": now,
        "environment": settings().environment,
        "time_zone": settings().time_zone,
        "currency": Graph.of(contracts.load_all()).currency,
        "explore": settings().explore,
        "tiles": written,
    }


def write_explore(source: TileSource, run_id: str, now: str) -> None:
    """Write the files of Explore that changed, and then their index."""
    tables = [table for contract in contracts.load_all() for table in contract.tables]
    before = explore_index(settings().dashboard_bucket)
    files, left_out = export(source.session, tables, source.sources, before, upload)
    index = ExploreIndex(format=FORMAT, run_id=run_id, written_at=now, tables=tuple(files), left_out=tuple(left_out))
    write("explore/index", index.model_dump())
    logger.info("explore_written", run_id=run_id, tables=len(files), bytes=sum(one.bytes for one in files))


def upload(name: str, path: Path) -> None:
    """Store a file of Explore; an earlier one of its table is replaced."""
    with aws_errors(), path.open("rb") as file:
        client("s3").put_object(
            Bucket=settings().dashboard_bucket,
            Key=f"tiles/explore/{name}",
            Body=file,
            ContentType="application/vnd.apache.parquet",
        )


def write(name: str, document: dict[str, Any]) -> int:
    """Write one document of the page; returns its size in bytes."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    s3.write_text(f"s3://{settings().dashboard_bucket}/tiles/{name}.json", text)
    return len(text.encode())
