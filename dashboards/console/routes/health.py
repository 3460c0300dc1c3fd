"""The health of the monitor itself: problems first, each with what to do."""

from importlib.metadata import PackageNotFoundError, version

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from dashboards.console.page import Page, page_of
from dashboards.views import incident_words
from dashboards.views.health import read_health
from dashboards.views.health_story import HealthStory

router = APIRouter()


@router.get("/health", include_in_schema=False)
def health(request: Request) -> HTMLResponse:
    """Show how the monitor itself is."""
    page = page_of(request)
    story = page.cached(("health",), lambda: _read(page))
    return page.share(request, "health.html", story=story, words=incident_words)


def _read(page: Page) -> HealthStory:
    with page.shelf.open() as books:
        return read_health(books, page.now(books), page.settings, _version())


def _version() -> str:
    try:
        return version("crisis-monitor")
    except PackageNotFoundError:
        return "unknown"
