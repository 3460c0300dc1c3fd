"""The live page apart from any engine: served from the stores that others fill."""

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import structlog

from alerts.store import open_store
from pipeline.clock import Clock
from pipeline.errors import EnvironmentProblem
from pipeline.health import Health
from pipeline.presenting import PageParts
from pipeline.services.page_server import COMPONENT, PATIENCE, check_page_binding
from pipeline.services.server import HttpServer
from pipeline.settings import Settings
from pipeline.stores import BucketTable
from pipeline.stores.place import Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

_log = structlog.get_logger(__name__)

STALLED: Final = 60_000
"""Milliseconds without one look at the stores after which the page counts as hanging."""


class WebService:
    """Serves the page of a place from `start` to `stop`; it makes no store and fills none.

    Stores that are missing, or of a newer program, are said at the start. One that goes away
    later makes the page say so, and `/readyz` red, until it is back: nobody has to start again.
    """

    def __init__(
        self,
        settings: Settings,
        place: Place,
        clock: Clock,
        page: "Callable[[PageParts], FastAPI]",
    ) -> None:
        check_page_binding(settings.page)
        self._settings = settings
        self._place = place
        self._clock = clock
        self._page = page
        self._server: HttpServer | None = None
        self.health = Health()

    @property
    def url(self) -> str:
        """Where the page is found on this machine."""
        return "" if self._server is None else self._server.url

    @property
    def failure(self) -> EnvironmentProblem | None:
        """Why it cannot go on, None while it can."""
        if self._server is None or self._server.alive:
            return None
        return EnvironmentProblem("the page's server has ended; its log says why: start it again")

    def start(self) -> None:
        """Look at the stores, take the address, serve.

        Raises PipelineError or AlertsError; nothing is left running then.
        """
        self._check_stores()
        self.health.expect(COMPONENT)
        parts = PageParts(
            self._place.directory, self._settings, self._clock, self.health, self._place
        )
        section = self._settings.page
        server = HttpServer(self._page(parts), section.host, section.port)
        try:
            server.start()
        except EnvironmentProblem as error:
            raise EnvironmentProblem(
                f"the live page {error} (--host and --port, or those in [page])"
            ) from None
        self.health.watch(COMPONENT, STALLED)
        self._server = server
        _log.info("page_listening", address=server.url, stores=self._place.where)

    def stop(self) -> None:
        """Let requests under way finish, send viewers away, end; harmless twice."""
        if self._server is not None:
            self._server.stop(PATIENCE)
            self._server = None

    def _check_stores(self) -> None:
        if self._place.is_sqlite:
            check_files(self._place.directory)
        BucketTable(self._place, read_only=True).close()
        open_store(self._place.incidents_url).close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def check_files(directory: Path) -> None:
    """Raise EnvironmentProblem where a folder has no stores: an empty page would be a lie."""
    missing = [name for name in ("incidents.db", "mentions.db") if not (directory / name).is_file()]
    if missing:
        raise EnvironmentProblem(
            f"there is no {' and no '.join(missing)} in {directory}: name the folder of the "
            "stores with --data, or start what makes them (`crisis-monitor alerter`, or "
            "`crisis-monitor run --no-page`)"
        )
