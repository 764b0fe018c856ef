"""A chart of Superset over the lake's Athena, as docs/bi.md sets it up. Run by `make prove`: it installs Superset."""

import json
import os
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest

from benchmarks.world import load_files, new_lake
from cartlake_cli.athena.client import athena_of
from generators.world import generate_world
from tests.contract.pages import ROOT

LOCK = ROOT / "requirements" / "superset.lock"
ENVIRONMENT = ROOT / ".cache" / "superset"
CONFIG = "SECRET_KEY = {!r}\nSQLALCHEMY_DATABASE_URI = 'sqlite:///{}'\n"


@pytest.fixture(scope="module")
def superset(tmp_path_factory):
    """Run a program of Superset's environment; returns what it printed."""
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, ENVIRONMENT], check=True)
    synced = [uv, "pip", "sync", "--quiet", "--python", ENVIRONMENT / "bin" / "python", "--require-hashes", LOCK]
    subprocess.run(synced, check=True)
    home = tmp_path_factory.mktemp("superset")
    (home / "superset_config.py").write_text(CONFIG.format(uuid4().hex * 2, home / "superset.db"))
    own = {
        "SUPERSET_HOME": str(home),
        "SUPERSET_CONFIG_PATH": str(home / "superset_config.py"),
        "FLASK_APP": "superset",
    }

    def run(program, *arguments, **variables):
        command = [ENVIRONMENT / "bin" / program, *arguments]
        done = subprocess.run(
            command, env=os.environ | own | variables, capture_output=True, text=True, check=False, cwd=home
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    run("superset", "db", "upgrade")
    return run


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lake")
    with new_lake(folder / "checkout") as lake:
        generate_world(folder / "world", days=3, orders_per_day=20, seed=7, end_date=date(2026, 9, 2))
        load_files(lake, sorted(path for path in (folder / "world").glob("*/*") if path.is_file()))
        yield lake


def test_a_chart_of_superset_shows_what_athena_answers(lake, superset):
    uri = f"awsathena+rest://@athena.us-east-1.amazonaws.com:443/curated?work_group={lake.outputs.workgroup}"

    printed = superset(
        *("python", ROOT / "tests" / "prove" / "superset_chart.py"),
        *(uri, "curated", "sales_daily", "order_date", "net_reporting"),
        **lake.local_variables(),
    )

    chart = json.loads(printed.splitlines()[-1])
    shown = {row["__timestamp"][:10]: Decimal(row["total"]) for row in chart["rows"]}
    asked = athena_of(lake).run("select order_date, sum(net_reporting) from curated.sales_daily group by 1").rows
    assert shown == {day: Decimal(total) for day, total in asked}
    assert len(shown) == 3
    assert (chart["columns"]["order_date"], chart["columns"]["net_reporting"]) == ("DATE", "DECIMAL(18, 2)")
