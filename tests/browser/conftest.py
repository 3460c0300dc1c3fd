"""A real Chromium, and data directories worth looking at."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.directories import fill_busy, fill_hostile

CHROMIUM = os.environ.get("CRISIS_MONITOR_CHROMIUM") or shutil.which("chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--js-flags=--expose-gc",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
"""No name is resolved at all: what asks for another machine fails, and is seen to have asked."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium a module: while playwright runs, no other test could have its event loop."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing: install Debian's package chromium")
        pytest.skip("chromium is not installed (Debian: chromium)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, headless=True, args=list(FLAGS)
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of 300 brands, a dozen of them in trouble; only to be read."""
    directory = tmp_path_factory.mktemp("busy")
    fill_busy(directory)
    return directory


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in which everything that can hold a text holds a hostile one."""
    directory = tmp_path_factory.mktemp("hostile")
    fill_hostile(directory)
    return directory
