"""The situation: every brand in one row."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from dashboards.console.page import page_of

router = APIRouter()


@router.get("/", include_in_schema=False)
def situation(request: Request) -> HTMLResponse:
    """Show all brands."""
    page = page_of(request)

    def make() -> list[str]:
        with page.shelf.open() as books:
            return books.brands()

    return page.render(request, "situation.html", brands=page.cached(("brands",), make))
