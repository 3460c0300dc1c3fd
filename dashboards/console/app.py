"""The live page as an application."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import APIRouter, FastAPI

from dashboards.console import static_files
from dashboards.console.page import Page
from dashboards.console.routes import situation
from pipeline.presenting import PageParts

AT_ONCE = 4
"""Views made at one time; more would only take the processor from the engine."""


def build_page(parts: PageParts, routers: Iterable[APIRouter] = ()) -> FastAPI:
    """Make the page of one data directory; `routers` adds views of others."""
    page = Page(parts)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = AT_ONCE
        yield
        page.close()

    app = FastAPI(
        title="crisis-monitor", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan
    )
    app.state.page = page
    for router in (static_files.router, situation.router, *routers):
        app.include_router(router)
    return app
