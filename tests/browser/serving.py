"""The live page of a data directory on a free port of this machine, in this process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dashboards.console.app import build_page
from pipeline.clock import Clock, SystemClock
from pipeline.presenting import PageParts
from pipeline.services.server import HttpServer
from pipeline.settings import Settings, load


class Served:
    """A page's server, which can be stopped and started again at the same address."""

    def __init__(self, directory: Path, settings: Settings, clock: Clock) -> None:
        self._parts = PageParts(directory=directory, settings=settings, clock=clock)
        self._server: HttpServer | None = None
        self._port = 0

    def start(self) -> None:
        self._server = HttpServer(build_page(self._parts), "127.0.0.1", self._port)
        self._server.start()
        self._port = self._server.port

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop(0.5)
            self._server = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"


@contextmanager
def a_page(
    directory: Path, settings: Settings | None = None, clock: Clock | None = None
) -> Iterator[Served]:
    """Serve a directory's page."""
    served = Served(directory, settings or load(Path(os.devnull)), clock or SystemClock())
    served.start()
    try:
        yield served
    finally:
        served.stop()
