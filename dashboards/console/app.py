"""The live page as an application."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from http import HTTPStatus
from urllib.parse import urlsplit

import anyio.to_thread
import structlog
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from alerts.errors import AlertsError
from dashboards.console import events, login, static_files
from dashboards.console.page import Page, arriving
from dashboards.console.routes import actions, brand, health, incidents, readiness, situation
from dashboards.console.security import Guard
from pipeline.errors import PipelineError
from pipeline.presenting import PageParts

_log = structlog.get_logger(__name__)

AT_ONCE = 2
"""Views made at one time; more would only take the processor from the engine."""
_TITLES = {
    400: "That cannot be read",
    401: "Sign in first",
    403: "Refused",
    404: "There is nothing here",
    405: "That cannot be done here",
    408: "Too slow",
    413: "Too much at once",
    421: "Another name",
    429: "Wait a little",
    500: "Something went wrong here",
    503: "Not now",
}


def build_page(parts: PageParts, routers: Iterable[APIRouter] = ()) -> FastAPI:
    """Make the page of one data directory; `routers` adds views of others.

    Raises SettingsError when a configured token cannot be read. `app.state.page` is its Page;
    `app.state.stopping()` ends its streams, so that a server can stop without waiting for them.
    """
    page = Page(parts)
    section = parts.settings.page
    tokens = [token.reveal() for token in section.tokens()]
    gate = login.Gate(page, login.Sessions(tokens, section.session))
    watcher = events.Watcher(page)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = AT_ONCE
        watcher.start()
        try:
            yield
        finally:
            await watcher.stop()
            page.close()

    app = FastAPI(
        title="crisis-monitor",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,  # such a redirect would name http behind a proxy with TLS
        lifespan=lifespan,
        dependencies=[Depends(arriving)],
    )
    app.state.page, app.state.gate, app.state.watcher = page, gate, watcher
    app.state.stopping = watcher.close_streams
    page.extra["signs_in"] = gate.sessions.asked
    answers = _Answers(page)
    app.add_exception_handler(HTTPException, answers.refused)
    app.add_exception_handler(RequestValidationError, answers.unreadable)
    app.add_exception_handler(PipelineError, answers.trouble)
    app.add_exception_handler(AlertsError, answers.trouble)
    hosts = [*section.allowed_hosts, section.host]
    if public := urlsplit(parts.settings.public_url).hostname:
        hosts.append(public)
    app.add_middleware(Guard, hosts=hosts, refuse=answers.answer, admit=gate.admit)
    for router in (
        static_files.router,
        events.router,
        login.router,
        situation.router,
        brand.router,
        incidents.router,
        actions.router,
        health.router,
        *([] if parts.place is None else [readiness.router]),
        *routers,
    ):
        app.include_router(router)
    return app


class _Answers:
    """What is answered when a view cannot be: a small page with a sentence that helps."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def answer(self, scope: Scope, error: HTTPException) -> Response:
        """Answer in the page's look."""
        del scope
        status = error.status_code
        title = _TITLES.get(status) or HTTPStatus(status).phrase
        detail = error.detail
        if status == 404 and detail == HTTPStatus.NOT_FOUND.phrase:
            detail = "No view has this address: it may have been cut off when it was copied."
        text = self._page.html("error.html", title=title, detail=detail)
        return HTMLResponse(text, status, headers=dict(error.headers or {}))

    def refused(self, request: Request, error: Exception) -> Response:
        """Answer to what a view refused."""
        if not isinstance(error, HTTPException):  # registered for it alone
            raise error
        return self.answer(request.scope, error)

    def unreadable(self, request: Request, error: Exception) -> Response:
        """Answer to parameters a view cannot read; they are not repeated."""
        del error
        detail = "The address or the form holds something this view cannot read."
        return self.answer(request.scope, HTTPException(400, detail))

    def trouble(self, request: Request, error: Exception) -> Response:
        """Answer when a store cannot be read now."""
        _log.warning("view_without_store", path=request.url.path, detail=str(error))
        return self.answer(
            request.scope, HTTPException(503, f"{error}.", headers={"Retry-After": "5"})
        )
