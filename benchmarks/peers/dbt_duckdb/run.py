"""`python run.py WORLD OUT`: build and test the project over the files of a world, into OUT/peer.duckdb.

Runs in the environment of `benchmarks.peers.environment`, which has dbt. A second run loads the files that are new.
"""

import os
import sys
from pathlib import Path

PROJECT = Path(__file__).parent


def main(world: Path, out: Path) -> None:
    from dbt.cli.main import dbtRunner  # type: ignore[import-not-found] # noqa: PLC0415 - another environment has it

    out.mkdir(parents=True, exist_ok=True)
    os.environ |= {"PEERS_WORLD": str(world.resolve()), "PEERS_DATABASE": str(out.resolve() / "peer.duckdb")}
    places = ("--project-dir", PROJECT, "--profiles-dir", PROJECT, "--target-path", out / "target")
    flags = ("--no-send-anonymous-usage-stats", "--no-version-check", "--log-path", out / "logs", "--quiet")
    result = dbtRunner().invoke([*map(str, flags), "build", *map(str, places)])
    if result.exception or not result.success:
        raise SystemExit(f"dbt build failed: {result.exception or 'see above'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
