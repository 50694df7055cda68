"""`--real-data` picks the tests and notebooks that use real data; a real browser for the tests that open pages."""

import shutil
from pathlib import Path

import pytest

from labs_utils import course, notebooks
from labs_utils.datasets import catalog

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def pytest_addoption(parser):
    parser.addoption(
        "--real-data",
        action="store_true",
        help="only tests marked real_data and the solutions of labs whose data has a real source (set LABS_DATA_DIR)",
    )


def pytest_configure(config):
    config.addinivalue_line("markers", "real_data: uses data from LABS_DATA_DIR where it is there")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--real-data"):
        return
    kept = [item for item in items if _uses_real_data(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def _uses_real_data(item: pytest.Item) -> bool:
    path = Path(item.path)
    if path.suffix != ".ipynb":
        return item.get_closest_marker("real_data") is not None
    if path.is_relative_to(course.NOTEBOOKS):
        return False  # with the reference answers it computes what its solution does, which runs
    names = notebooks.read_notebook(path).metadata.get("labs", {}).get("data", [])
    return any(catalog.find_dataset(name).files for name in names)


@pytest.fixture(scope="session")
def browser():
    """Debian's chromium, driven by Playwright."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    api = pytest.importorskip("playwright.sync_api", reason="pip install --editable '.[browser]'")
    with api.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()
