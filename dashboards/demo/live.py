"""`demo`: the live page with its panel, in front of an engine that can be killed."""

import os
import signal
import sys
import tempfile
import threading
import webbrowser
from contextlib import suppress
from pathlib import Path
from types import FrameType

from fastapi import FastAPI
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from dashboards.console.app import build_page
from dashboards.demo.child import PREFIX
from dashboards.demo.routes import router
from dashboards.demo.stage import SPEEDS, Stage
from dashboards.demo.tryout import Glass
from dashboards.demo.words import Words
from pipeline import logs
from pipeline.clock import SystemClock
from pipeline.demo.plan import demo_document, demo_scenario
from pipeline.demo.speeds import WHOLE
from pipeline.errors import EnvironmentProblem
from pipeline.presenting import PageParts
from pipeline.services.server import HttpServer
from pipeline.settings import Settings, load
from pipeline.settings.sections.logs import Level
from pipeline.sources.scenario.crowd import CHANNELS

HOST = "127.0.0.1"
LOOK_EVERY = 0.1


def run_live_demo(seed: int, seconds: float, port: int, open_browser: bool) -> None:  # noqa: FBT001  # as Presenters has it
    """Show the demonstration until Ctrl-C; its folder is removed at the end.

    Three days take about `seconds`. `port` 0 is a free one; where it is taken, another is.
    Raises PipelineError where it cannot begin.
    """
    logs.configure(Level.ERROR)
    stopping = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    out = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as folder:
        run = 0
        while not stopping.is_set():
            run += 1
            directory = Path(folder) / f"run-{run}"
            directory.mkdir()
            showing = Showing(directory, seed, WHOLE / seconds, out)
            port = showing.run(port, stopping, open_browser=open_browser and run == 1)
    out.print("The demonstration is over; its folder is removed.")


class Showing:
    """One run of the demonstration on one directory."""

    def __init__(self, directory: Path, seed: int, hurry: float, out: Console) -> None:
        self._out = out
        scenario = demo_scenario(seed)
        self._settings = load(Path(os.devnull), demo_document(scenario))
        self.stage = Stage(directory, seed, hurry=hurry)

    def run(self, port: int, stopping: threading.Event, *, open_browser: bool) -> int:
        """Show it until it is to stop, or to begin anew; return the port it was on."""
        stage = self.stage
        app = build_demo(stage, self._settings)
        server = listening(app, port)
        try:
            stage.page = server.url
            stage.start()
            self._learn(stopping)
            if not stopping.is_set():
                server.start()
                self._announce(server.url, open_browser=open_browser)
            while not (stopping.is_set() or stage.again.is_set()):
                stopping.wait(LOOK_EVERY)
        finally:
            stage.close()
            server.stop(timeout=1)
        return server.port

    def _learn(self, stopping: threading.Event) -> None:
        """Wait until the week is drawn, and say how far it is."""
        stage = self.stage
        with Progress(
            TextColumn("A made-up week of four brands is being learnt"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            console=self._out,
            transient=True,
        ) as progress:
            bar = progress.add_task("", total=1.0)
            while not stage.learnt.is_set() and not stopping.is_set():
                stage.learnt.wait(LOOK_EVERY)
                progress.update(bar, completed=stage.share)
        shown = stage.shown()
        if shown.trouble:
            raise EnvironmentProblem(f"the demonstration cannot begin: {shown.trouble}")

    def _announce(self, url: str, *, open_browser: bool) -> None:
        # The address goes to the output as it is, so that it can be clicked, copied, piped.
        print(f"Demo at {url}  (Ctrl-C ends it and removes all of it)", flush=True)  # noqa: T201
        if open_browser and can_open():
            threading.Thread(target=_open, args=(url,), daemon=True).start()


def build_demo(stage: Stage, settings: Settings) -> FastAPI:
    """Make the live page with the panel on every view."""
    app = build_page(PageParts(stage.directory, settings, SystemClock()), [router])
    page = app.state.page
    page.add_templates("dashboards.demo")
    page.extra["demo"] = stage.shown
    page.extra["demo_words"] = Words
    page.extra["demo_brands"] = [brand.name for brand in settings.brands()]
    page.extra["demo_sources"] = [channel.name for channel in CHANNELS]
    page.extra["demo_speeds"] = SPEEDS
    app.state.stage = stage
    app.state.glass = Glass(settings.brands())
    stage.shelf = page.shelf
    stage.changed = lambda: app.state.watcher.also("demo")
    return app


def listening(app: FastAPI, port: int) -> HttpServer:
    """Make a server that listens on a port, or on a free one where that is taken."""
    server = HttpServer(app, HOST, port)
    try:
        server.listen()
    except EnvironmentProblem:
        if not port:
            raise
        server = HttpServer(app, HOST, 0)
        server.listen()
    return server


def can_open() -> bool:
    """Whether somebody sits before a screen of this machine."""
    if not sys.stdout.isatty():
        return False
    if sys.platform in {"darwin", "win32"}:
        return "SSH_CONNECTION" not in os.environ
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _open(url: str) -> None:
    with suppress(webbrowser.Error, OSError):
        webbrowser.open(url)
