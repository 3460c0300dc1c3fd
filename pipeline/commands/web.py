"""`web`: the live page, apart from what fills its stores."""

import signal
import threading
from typing import Annotated

import typer

from pipeline import logs
from pipeline.clock import SystemClock
from pipeline.commands.config_option import ConfigOption
from pipeline.commands.files import tell
from pipeline.commands.output import errors_told
from pipeline.commands.storage import DataOption
from pipeline.presenting import presenters
from pipeline.services.web import WebService
from pipeline.settings import Weight
from pipeline.settings.check import findings_of
from pipeline.settings.draft import draft
from pipeline.settings.load import settings_of
from pipeline.stores.place import Place

LOOK_EVERY = 0.5


def web(
    context: typer.Context,
    host: Annotated[
        str | None,
        typer.Option(help="Address to listen on; beyond this machine a token is a must."),
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Port to listen on; 0: a free one.")
    ] = None,
    data: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """Serve the live page from the stores until told to stop (Ctrl-C, SIGTERM).

    It shows what `alerter`, or `run --no-page`, keeps in the folder or the
    database, and what people do on it is kept there, too. Whether it lives and
    can show something: /healthz and /readyz on the same port.

    Example: crisis-monitor web --config crisis-monitor.toml
    """
    with errors_told():
        said = {"host": host, "port": port}
        found = draft(
            config, {"page": {name: value for name, value in said.items() if value is not None}}
        )
        settings = settings_of(found)
        for warning in findings_of(found, surroundings=True):
            if warning.weight is Weight.WARNING and warning.key.startswith("page"):
                tell(warning.text())
        clock = SystemClock()
        logs.configure(settings.logs.level, settings.logs.form, clock=clock)
        place = Place.of(settings, data)
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        with WebService(settings, place, clock, presenters(context).page) as service:
            tell(f"page at {settings.public_url or service.url} (Ctrl-C stops)")
            while not stopping.wait(LOOK_EVERY):
                if service.failure is not None:
                    raise service.failure
