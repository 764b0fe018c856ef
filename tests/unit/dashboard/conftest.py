import pytest

from tests.unit.dashboard.marts import tile_source, write_tiles


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    return tile_source(tmp_path_factory.mktemp("marts"))


@pytest.fixture(scope="session")
def tiles(source, tmp_path_factory):
    """A folder with `tiles/`, as the tile writer leaves it in the bucket."""
    folder = tmp_path_factory.mktemp("bucket")
    write_tiles(source, folder / "tiles")
    return folder
