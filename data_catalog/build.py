"""The documents that are built from the contracts: dictionary, catalog page and diagrams."""

from datetime import UTC, datetime
from typing import Final

from cartlake import contracts
from cartlake.ledger import Ledger
from cartlake_cli.athena.client import Athena
from data_catalog.checks import faults_of
from data_catalog.diagrams import flow_diagram, model_diagram
from data_catalog.dictionary import dictionary
from data_catalog.drawing import svg
from data_catalog.live import read_live
from data_catalog.model import Catalog, read_catalog
from data_catalog.page import page

FOLDER: Final = "build/docs"

__all__ = ["FOLDER", "documents", "faults_of", "live_page", "read_catalog"]


def documents(catalog: Catalog) -> dict[str, str]:
    """Return the documents by path below the root of the repository. The same catalog gives the same text."""
    return {
        f"{FOLDER}/index.html": page(catalog),
        f"{FOLDER}/data-dictionary.md": dictionary(catalog),
        f"{FOLDER}/data-flow.svg": svg(flow_diagram(catalog), "flow", alone=True),
        f"{FOLDER}/curated-model.svg": svg(model_diagram(catalog), "model", alone=True),
    }


def live_page(catalog: Catalog, environment: str, athena: Athena, ledger: Ledger, exports_bucket: str | None) -> str:
    """Return the catalog page with the row counts, runs and readers of a deployed lake."""
    now = datetime.now(UTC)
    return page(catalog, read_live(environment, athena, ledger, contracts.load_all(), now, exports_bucket))
