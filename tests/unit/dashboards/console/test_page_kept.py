"""What the page keeps for others who look: while it may be shown, and no longer."""

from pathlib import Path

import pytest

from dashboards.console import page as module
from dashboards.console.page import FRESH, KEPT, Page
from dashboards.views.books import Marks
from tests.unit.dashboards.console.pages import Fixed, page_app


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The stopwatch, to be turned by hand."""
    at = [0.0]
    monkeypatch.setattr(module, "stopwatch", lambda: at[0])
    return at


@pytest.fixture
def page(tmp_path: Path) -> Page:
    found: Page = page_app(tmp_path, Fixed(0)).state.page
    found.marks = Marks(1, 1, 1, 1, 1)
    return found


def test_what_is_fresh_and_unchanged_is_made_once(page: Page, watch: list[float]) -> None:
    assert page.cached(("a",), lambda: 1) == 1
    watch[0] = FRESH - 1
    assert page.cached(("a",), lambda: 2) == 1
    page.marks = Marks(2, 1, 1, 1, 1)
    assert page.cached(("a",), lambda: 3) == 3
    watch[0] = 2 * FRESH
    assert page.cached(("a",), lambda: 4) == 4


def test_what_nobody_will_be_shown_is_let_go(page: Page, watch: list[float]) -> None:
    for number in range(50):
        watch[0] = float(number)
        assert page.cached(("address", number), lambda: b"x" * 1_000)
    assert len(page._kept) == len(page._making) == FRESH


def test_never_more_is_kept_than_so_many(page: Page, watch: list[float]) -> None:
    assert watch
    for number in range(KEPT + 50):
        page.cached(("address", number), lambda: b"x")
    assert len(page._kept) == len(page._making) == KEPT
