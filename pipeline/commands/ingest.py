"""`ingest`: the door of the road on Kafka."""

import signal
import threading
from typing import Annotated, Any

import typer

from pipeline import logs
from pipeline.clock import SystemClock
from pipeline.commands.config_option import ConfigOption
from pipeline.commands.files import tell
from pipeline.commands.output import errors_told
from pipeline.errors import SettingsError
from pipeline.kafka import require_kafka
from pipeline.log.kind import LogKind
from pipeline.settings.load import load

LOOK_EVERY = 0.5


def ingest(
    time: Annotated[
        LogKind | None,
        typer.Option(
            help="What moves time: the wall `clock`, or the mentions' own times (`event`, for "
            "replays; one ingest process). Left out: kafka.time.",
            show_default=False,
        ),
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Port to listen on; 0: a free one.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Take mentions over HTTP and from the configured sources, and write them to Kafka.

    Runs until it is told to stop (Ctrl-C, SIGTERM). A request is answered once the brokers have
    confirmed it; while they are away mentions wait in memory (kafka.buffer_mentions), then senders
    are told to come again. In clock time any number of these run side by side.

    Example: crisis-monitor ingest --config crisis-monitor.toml
    """
    with errors_told():
        settings = load(config, {"ingest": _said(host=host, port=port)})
        if not settings.kafka.configured:
            raise SettingsError(
                'no Kafka is configured: name its brokers, kafka.bootstrap = ["host:9092"]; '
                "without Kafka everything runs in one process: crisis-monitor run"
            )
        require_kafka()
        from pipeline.services.ingest import IngestService  # noqa: PLC0415  # needs the extra

        clock = SystemClock()
        logs.configure(settings.logs.level, settings.logs.form, clock=clock)
        service = IngestService(settings, time or settings.kafka.time, clock)
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        with service:
            if service.server is not None:
                tell(f"listening at {service.server.url} (Ctrl-C stops)")
            while not stopping.wait(LOOK_EVERY):
                if service.failure is not None:
                    raise service.failure
        if service.failure is not None:
            raise service.failure


def _said(**options: Any) -> dict[str, Any]:  # noqa: ANN401  # whatever an option holds
    """What the command line says, as it would stand in a section."""
    return {name: value for name, value in options.items() if value is not None}
