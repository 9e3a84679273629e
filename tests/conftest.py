import os
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from deskmeter.service import Desk

# a shared machine may stall any example; speed is measured in benchmarks alone
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")

DEMO_TICKETS = 1_000
_BUILD_LIMIT_S = 600


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run everything, the long tests and the many histories too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # what takes longest begins first, so that no worker is left alone with it at the end; and what shares one costly
    # fixture stays together, far from where workers take each other's tests
    first = ("tests/property/test_oracle_same.py", "tests/conformance/")
    items.sort(key=lambda item: [not item.nodeid.startswith(name) for name in first])
    if config.getoption("--long"):
        return
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.skip(reason="runs only with --long"))


@pytest.fixture(scope="session")
def is_long(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--long"))


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo desk of a thousand tickets, built and closed; workers side by side share the build, each with a copy."""
    base = tmp_path_factory.getbasetemp()
    mine = tmp_path_factory.mktemp("demo") / "desk"
    if "PYTEST_XDIST_WORKER" not in os.environ:
        _make(mine)
        return mine
    shared = base.parent / "demo-desk"
    ready = base.parent / "demo-desk-ready"
    try:
        (base.parent / "demo-desk-claimed").mkdir()
    except FileExistsError:
        _wait_for(ready)
    else:
        _make(shared)
        ready.touch()
    shutil.copytree(shared, mine)
    return mine


def _make(folder: Path) -> None:
    with Desk.demo(folder, tickets=DEMO_TICKETS) as desk:
        desk.build()


def _wait_for(ready: Path) -> None:
    began = time.monotonic()
    while not ready.exists():
        assert time.monotonic() - began < _BUILD_LIMIT_S, "the worker that makes the demo desk did not finish"
        time.sleep(0.1)
