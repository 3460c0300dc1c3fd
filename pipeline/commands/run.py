"""`run`: the service."""

import signal
import threading
from typing import Annotated, Any

import typer

from pipeline import logs
from pipeline.clock import SystemClock
from pipeline.commands.config_option import ConfigOption
from pipeline.commands.files import tell
from pipeline.commands.output import errors_told
from pipeline.commands.storage import DataOption
from pipeline.composition import EngineOptions
from pipeline.errors import SettingsError
from pipeline.log import LogKind
from pipeline.presenting import presenters
from pipeline.scorers import ScorerName
from pipeline.services.embedded import Service
from pipeline.settings import Weight
from pipeline.settings.check import findings_of
from pipeline.settings.draft import draft
from pipeline.settings.load import settings_of

LOOK_EVERY = 0.5
_ROAD = (
    "kafka.bootstrap names a Kafka, and `run` does everything in one process without it. Start the "
    "parts instead, each as often as you like: crisis-monitor kafka setup (once), ingest (the "
    "door), worker (judges and folds), alerter (pages), web (the page). Or leave kafka.bootstrap "
    "out to run embedded"
)


def run(  # noqa: PLR0913  # each is an option of the command line
    context: typer.Context,
    time: Annotated[
        LogKind,
        typer.Option(
            help="What moves time: the wall `clock`, or the mentions' own times (`event`, for "
            "replays over HTTP). A log keeps the kind it was made with."
        ),
    ] = LogKind.CLOCK,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Port to listen on; 0: a free one.")
    ] = None,
    page_port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="Port of the live page; 0: a free one."),
    ] = None,
    page: Annotated[
        bool | None, typer.Option("--page/--no-page", help="Whether to serve the live page.")
    ] = None,
    zone: Annotated[
        str, typer.Option(help="Zone of brands that are not configured, for their hours.")
    ] = "UTC",
    scorer: Annotated[ScorerName, typer.Option(help="Who judges sentiment.")] = ScorerName.VADER,
    data: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """Run the monitor until it is told to stop (Ctrl-C, SIGTERM).

    Example: crisis-monitor run --config crisis-monitor.toml
    """
    with errors_told():
        found = draft(
            config,
            {
                "ingest": _said(host=host, port=port),
                "page": _said(port=page_port, enabled=page),
            },
        )
        settings = settings_of(found)
        if settings.kafka.configured:
            raise SettingsError(_ROAD)
        for warning in findings_of(found, surroundings=True):
            if warning.weight is Weight.WARNING and (
                warning.place.startswith("environment variable")
                or warning.is_of_a_key
                or warning.is_of_the_database
            ):
                tell(warning.text())
        clock = SystemClock()
        logs.configure(settings.logs.level, settings.logs.form, clock=clock)
        service = Service(
            settings,
            data or settings.storage.directory,
            clock,
            EngineOptions(time, scorer, zone),
            presenters(context).page,
        )
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        with service:
            if service.server is not None:
                tell(f"listening at {service.server.url} (Ctrl-C stops)")
            if service.page is not None and service.page.url:
                tell(f"page at {settings.public_url or service.page.url}")
            while not stopping.wait(LOOK_EVERY):
                if service.failure is not None:
                    raise service.failure
        if service.failure is not None:
            raise service.failure


def _said(**options: Any) -> dict[str, Any]:  # noqa: ANN401  # whatever an option holds
    """What the command line says, as it would stand in a section."""
    return {name: value for name, value in options.items() if value is not None}
