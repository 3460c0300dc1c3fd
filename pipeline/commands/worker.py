"""`worker`: folds its share of the partitions."""

import asyncio
from typing import Annotated

import typer

from pipeline import logs
from pipeline.clock import SystemClock
from pipeline.commands.config_option import ConfigOption
from pipeline.commands.files import tell
from pipeline.commands.output import errors_told
from pipeline.kafka import require_kafka
from pipeline.log.kind import LogKind
from pipeline.metrics.registry import Metrics
from pipeline.scorers import ScorerName
from pipeline.services.status_door import StatusDoor
from pipeline.settings.draft import draft
from pipeline.settings.load import settings_of

STATUS_PORT = 8082


def worker(  # noqa: PLR0913  # each is an option of the command line
    time: Annotated[
        LogKind | None,
        typer.Option(help="What moves time; left out: as kafka.time says."),
    ] = None,
    status_host: Annotated[str, typer.Option(help="Address of the status door.")] = "127.0.0.1",
    status_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65_535,
            help="Port of /healthz, /readyz, /metrics; 0: a free one. Left out: 8082, or a free "
            "one where that is taken.",
            show_default=False,
        ),
    ] = None,
    zone: Annotated[
        str, typer.Option(help="Zone of brands that are not configured, for their hours.")
    ] = "UTC",
    scorer: Annotated[ScorerName, typer.Option(help="Who judges sentiment.")] = ScorerName.VADER,
    config: ConfigOption = None,
) -> None:
    """Judge and fold mentions of Kafka's partitions, as many workers as there are to share them.

    Example: crisis-monitor worker --config crisis-monitor.toml
    """
    with errors_told():
        settings = settings_of(draft(config))
        require_kafka()
        from pipeline.worker.service import (  # noqa: PLC0415  # --help stays quick
            WorkerOptions,
            WorkerService,
        )

        clock = SystemClock()
        logs.configure(settings.logs.level, settings.logs.form, clock=clock)
        metrics = Metrics(clock, brands=[brand.name for brand in settings.brands()])
        options = WorkerOptions(time or settings.kafka.time, scorer, zone)

        async def work() -> None:
            service = WorkerService(settings, clock, options, metrics)
            door = StatusDoor(
                metrics,
                service.health,
                status_host,
                STATUS_PORT if status_port is None else status_port,
                or_free=status_port is None,
            )
            metrics.ready_when(lambda: not service.health.reasons())
            door.start()
            try:
                where = f"{door.url}{door.instead}"
                tell(f"worker of {settings.kafka.prefix}; status at {where} (Ctrl-C stops)")
                await service.run()
            finally:
                door.stop()

        asyncio.run(work())
