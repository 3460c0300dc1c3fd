"""The live page beside the engine: on a port, and in a thread, of its own."""

from typing import TYPE_CHECKING, Final

import structlog

from pipeline.errors import EnvironmentProblem, PipelineError, SettingsError
from pipeline.health import Health
from pipeline.presenting import PageParts
from pipeline.services.server import HttpServer
from pipeline.settings.sections.page import PageSection

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

_log = structlog.get_logger(__name__)

COMPONENT: Final = "page"
PATIENCE: Final = 2.0
"""Seconds a view under way may take when the program ends."""


class PageServer:
    """Serves the page from `start` to `stop`.

    What cannot be had (a port, a token) is said before anything begins. Whatever else goes wrong
    with the page is logged and told to `health`, and never stops anybody else.
    """

    def __init__(
        self, make: "Callable[[PageParts], FastAPI]", parts: PageParts, health: Health
    ) -> None:
        check_page_binding(parts.settings.page)
        self._make = make
        self._parts = parts
        self._health = health
        self._server: HttpServer | None = None

    @property
    def url(self) -> str:
        """Where the page is found on this machine; empty when it could not be made."""
        return self._server.url if self._server is not None else ""

    @property
    def near(self) -> str:
        """The same where only this machine finds it: nobody else needs a way to it then."""
        return self.url if self._parts.settings.page.loopback else ""

    def listen(self) -> None:
        """Take the address; who asks waits until `start`.

        Raises EnvironmentProblem, which names the option, when it cannot be had, SettingsError when
        the token cannot be read.
        """
        section = self._parts.settings.page
        self._health.expect(COMPONENT)
        try:
            app = self._make(self._parts)
        except PipelineError:
            raise
        except Exception:  # noqa: BLE001  # a fault of the page must not stop the engine
            self._failed("page_not_made")
            return
        server = HttpServer(app, section.host, section.port)
        try:
            server.listen()
        except EnvironmentProblem as error:
            raise EnvironmentProblem(
                f"the live page {error} (--page-port, or port in [page]), or run without it "
                "(--no-page)"
            ) from None
        self._server = server

    def start(self) -> None:
        """Serve; the stores must be there."""
        if self._server is None:
            return
        try:
            self._server.start()
        except Exception:  # noqa: BLE001  # as above
            self._failed("page_not_started")
            return
        _log.info("page_listening", address=self.url)

    def look(self) -> None:
        """Say so where the server has ended by itself; cheap."""
        if self._server is not None and not self._server.alive:
            self._health.failed(COMPONENT, "its server has ended: restart the program")

    def stop(self) -> None:
        """End; open pages are told to come back."""
        if self._server is not None:
            self._server.stop(PATIENCE)
            self._server = None

    def _failed(self, event: str) -> None:
        _log.exception(event)
        self._health.failed(COMPONENT, "a fault of this program; its log says more")


def check_page_binding(section: PageSection) -> None:
    """Raise SettingsError when strangers could open the page without a token."""
    if not section.loopback and not section.has_token:
        raise SettingsError(
            f"the live page would listen on {section.host!r}, where other machines can reach it, "
            "and asks nobody for a token: set token_env or token_file in [page], or let it listen "
            "on 127.0.0.1"
        )
