"""Fixtures: labs and emulators that are stopped and proven gone, with the ends of their logs when a test has failed."""

import os
import subprocess
import time

import pytest

pytest.register_assert_rewrite("support")

from support.aws import emulators
from support.lab import Lab
from support.paths import EXAMPLES, HEIGHTS, REPOSITORY, SUMMIT


def pytest_sessionstart(session):
    missing = [str(path) for path in (HEIGHTS, SUMMIT) if not os.access(path, os.X_OK)]
    if missing:
        pytest.exit(f"{' and '.join(missing)} missing: `make build` makes the binaries that are tested", 1)
    session.stash[_BEGUN] = time.time()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    """Sources that a test has touched are built again by the next `./heights`, in the middle of another test."""
    if hasattr(session.config, "workerinput") or _BEGUN not in session.stash:
        return
    touched = [path for path in (REPOSITORY / "Sources", *(REPOSITORY / "Sources").rglob("*"))
               if path.lstat().st_mtime > session.stash[_BEGUN]]
    if touched:
        print(f"\ntests have changed the sources: {', '.join(map(str, touched[:5]))}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


_BEGUN = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        for lab in item.stash.get(_LABS, []):
            report.sections.append((f"logs of {lab.folder}", lab.logs()))
        for emulator in item.stash.get(_EMULATORS, []):
            report.sections.append((f"log of {emulator.name}", emulator.logs()))
    return report


_LABS = pytest.StashKey()
_EMULATORS = pytest.StashKey()


@pytest.fixture
def make_lab(request):
    """Makes labs, as many as are wanted; each is ended after the test, the last first."""
    labs = request.node.stash.setdefault(_LABS, [])

    def make():
        lab = Lab()
        labs.append(lab)
        request.addfinalizer(lab.end)
        return lab

    return make


@pytest.fixture
def lab(make_lab):
    """One lab, not started."""
    return make_lab()


@pytest.fixture
def summit(lab):
    """One lab that runs at stage 2."""
    lab.up()
    return lab


@pytest.fixture(scope="session")
def python_environment():
    """What the set-up of the guestbook makes, once for all labs of apps in Python."""
    subprocess.run([EXAMPLES / "Guestbook" / "setup"], check=True, timeout=600)
    return EXAMPLES / "Guestbook" / ".venv"


@pytest.fixture
def ministack(request):
    """MiniStack with nothing in it."""
    return _emulator(request, emulators.ministack)


@pytest.fixture
def moto(request):
    """moto's server with nothing in it."""
    return _emulator(request, emulators.moto)


def _emulator(request, start):
    emulator = start()
    request.node.stash.setdefault(_EMULATORS, []).append(emulator)
    request.addfinalizer(emulator.end)
    return emulator
