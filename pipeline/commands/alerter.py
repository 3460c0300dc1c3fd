"""`alerter`: from the topics to the stores and to people."""

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
from pipeline.errors import SettingsError
from pipeline.kafka import require_kafka
from pipeline.log.kind import LogKind
from pipeline.settings.load import load
from pipeline.stores.place import Place

STATUS_PORT = 8083
LOOK_EVERY = 0.5


def alerter(  # noqa: PLR0913  # each is an option of the command line
    time: Annotated[
        LogKind | None,
        typer.Option(
            help="What moves time: the wall `clock`, or the mentions' own times (`event`). "
            "Left out: kafka.time.",
            show_default=False,
        ),
    ] = None,
    status_host: Annotated[str, typer.Option(help="Address of the status door.")] = "127.0.0.1",
    status_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65_535,
            help="Port of /healthz, /readyz, /metrics; 0: a free one. Left out: 8083, or a free "
            "one where that is taken.",
            show_default=False,
        ),
    ] = None,
    deliver: Annotated[
        bool | None,
        typer.Option(
            "--deliver/--no-deliver",
            help="Whether to send to the configured receivers. Left out: by the clock yes, in "
            "event time no: there what would have been sent is recorded.",
            show_default=False,
        ),
    ] = None,
    data: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """Read signals, judged mentions and dead letters from Kafka into the stores, and page people.

    Runs until it is told to stop (Ctrl-C, SIGTERM). Several may run on one PostgreSQL database:
    they share the reading, and one of them pages; when it dies another takes over in seconds.

    Example: crisis-monitor alerter --config crisis-monitor.toml
    """
    with errors_told():
        settings = load(config)
        if not settings.kafka.configured:
            raise SettingsError(
                'no Kafka is configured: name its brokers, kafka.bootstrap = ["host:9092"]; '
                "without Kafka everything runs in one process: crisis-monitor run"
            )
        require_kafka()
        from pipeline.services.alerter import (  # noqa: PLC0415  # --help stays quick
            AlerterOptions,
            AlerterService,
        )

        kind = time or settings.kafka.time
        wanted = kind is LogKind.CLOCK if deliver is None else deliver
        place = Place.of(settings, data)
        clock = SystemClock()
        logs.configure(settings.logs.level, settings.logs.form, clock=clock)
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        options = AlerterOptions(
            kind,
            wanted,
            status_host,
            STATUS_PORT if status_port is None else status_port,
            any_port=status_port is None,
        )
        with AlerterService(settings, place, clock, options) as service:
            where = f"{service.door.url}{service.door.instead}"
            tell(f"alerter of {settings.kafka.prefix}; status at {where} (Ctrl-C stops)")
            if not wanted:
                tell("nothing is sent to anybody (--deliver sends)")
            while not stopping.wait(LOOK_EVERY):
                pass
