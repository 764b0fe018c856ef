import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The same examples in every run, so that a failure is of the change at hand; `make explore` looks for new ones. No time
# is asserted: a machine may be busy. Examples of a test share its fixtures, as tests here expect.
shared = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
settings.register_profile("steady", shared, derandomize=True)
settings.register_profile("explore", shared, max_examples=1000)
settings.load_profile("steady")

CHECKOUT = Path(__file__).resolve().parents[1]
os.environ.setdefault("LOCALAWS_CACHE", str(CHECKOUT / ".cache"))
COPIED = (
    "contracts",
    "cartlake",
    "lambdas",
    "glue_jobs",
    "sources",
    "state_machines",
    "athena_queries",
    "terraform",
    "requirements",
    "dashboard",
)


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second checkout beside the developer's: own port, own state, own build; the downloads in .cache are shared."""
    root = tmp_path_factory.mktemp("checkout")
    ignored = shutil.ignore_patterns("__pycache__", ".terraform", "*.tfstate*")
    for name in COPIED:
        shutil.copytree(CHECKOUT / name, root / name, ignore=ignored)
    (CHECKOUT / ".cache").mkdir(exist_ok=True)
    (root / ".cache").symlink_to(CHECKOUT / ".cache")
    return root
