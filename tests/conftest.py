"""Fixtures shared by all tests: real parts, or a stated reason why they are missing."""

import itertools
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from . import postgis_server

# A busy machine is no fault of a test.
settings.register_profile("any", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any")

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = REPOSITORY.parent / "shared" / "data"


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the tests marked slow as well")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--slow"):
        return
    skip = pytest.mark.skip(reason="slow: give --slow to run it")
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(skip)


def missing(what, variable):
    """Fail where ``variable`` demands the real part (in CI), skip with the reason elsewhere."""
    if os.environ.get(variable) == "1":
        pytest.fail(f"{what}, and {variable}=1 demands it")
    pytest.skip(what)


@pytest.fixture(scope="session")
def shared():
    """Folder of the real data beside the repository."""
    if not SHARED.is_dir():
        missing(f"no real data at {SHARED}", "QUARTERHOUR_REQUIRE_SHARED")
    return SHARED


@pytest.fixture(scope="session")
def chromium():
    """Path of a real Chromium."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        missing("no Chromium on the PATH", "QUARTERHOUR_REQUIRE_BROWSER")
    return found


@pytest.fixture(scope="session")
def browser(chromium):
    """A running Chromium: one for the whole session, a second one in a process is refused."""
    sync_api = pytest.importorskip("playwright.sync_api")
    quiet = ["background-networking", "component-update", "sync", "gpu", "quic"]
    args = ["--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in quiet)]
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=args)
        yield running
        running.close()


@pytest.fixture(scope="session")
def postgis():
    """Address parts (host, port, password) of a real PostGIS server of our own."""
    if postgis_server.programs() is None:
        missing("no PostgreSQL server installed", "QUARTERHOUR_REQUIRE_POSTGIS")
    with postgis_server.cluster() as there:
        yield there


@pytest.fixture
def database(postgis, monkeypatch):
    """Address of a new, empty PostGIS database, without its password (which PGPASSWORD holds)."""
    import sqlalchemy  # noqa: PLC0415 - only where a server is there

    host, port, password = postgis
    monkeypatch.setenv("PGPASSWORD", password)
    name = f"db{next(_numbers)}"
    url = sqlalchemy.URL.create("postgresql+pg8000", "postgres", password, host, port, "postgres")
    engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as opened:
        opened.execute(sqlalchemy.text(f"create database {name} template template1"))
    engine.dispose()
    return f"postgresql://postgres@{host}:{port}/{name}"


_numbers = itertools.count()


@pytest.fixture(scope="session")
def soffice():
    """Path of a real LibreOffice."""
    found = shutil.which("soffice") or shutil.which("libreoffice")
    if found is None:
        missing("no LibreOffice on the PATH", "QUARTERHOUR_REQUIRE_OFFICE")
    return found
