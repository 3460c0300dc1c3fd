"""Reads a configured file or scenario into the log while the service runs."""

import time

import structlog

from pipeline.clock import Clock
from pipeline.errors import LogUnavailable, PipelineError, SettingsError
from pipeline.health import Health
from pipeline.intake import Batch, Intake
from pipeline.log import LogKind
from pipeline.mention import Mention, Rejected
from pipeline.settings.sections.source import SourceKind, SourceSection
from pipeline.sources.files import FileSource
from pipeline.sources.protocol import Source
from pipeline.sources.scenario.scenario import Scenario

_log = structlog.get_logger(__name__)

_AGAIN = 1.0
"""Seconds until what the log could not take is offered again."""


def read_into(
    section: SourceSection,
    intake: Intake,
    clock: Clock,
    health: Health,
    *,
    event_mode: bool,
) -> None:
    """Read a source to its end; what goes wrong is said in the log and to `health`.

    Each chunk waits for the last to be on disk, so a fast source never fills the memory.
    """
    name = f"source {section.name}"
    try:
        source = _source(section, clock, event_mode=event_mode)
        for chunk in source.read():
            mentions = [item for item in chunk if isinstance(item, Mention)]
            rejected = [item for item in chunk if isinstance(item, Rejected)]
            _hand_over(intake, Batch(section.name, mentions, rejected), name, health)
        if event_mode:
            intake.end_of_input(section.name).result()
        for complaint in source.complaints() if isinstance(source, FileSource) else ():
            _log.warning("source_complaint", source=section.name, detail=complaint)
        _log.info("source_read_to_its_end", source=section.name)
    except PipelineError as error:
        _log.error("source_failed", source=section.name, error=str(error))  # its text says it all
        health.failed(name, str(error))
    except Exception:  # noqa: BLE001  # the thread's last resort: said aloud
        _log.exception("source_failed", source=section.name)
        health.failed(name, "a fault of this program; see its log")


def _hand_over(intake: Intake, batch: Batch, name: str, health: Health) -> None:
    """Wait until a batch is written; while the log cannot take it, it is offered again."""
    refused = False
    while True:
        try:
            intake.submit(batch, lambda _: b"").result()
        except LogUnavailable as error:
            if not refused:
                _log.warning("source_waits", source=batch.source, error=str(error))
            refused = True
            health.failed(name, str(error))
            time.sleep(_AGAIN)
        else:
            if refused:
                health.well(name)
            return


def _source(section: SourceSection, clock: Clock, *, event_mode: bool) -> Source:
    if section.kind is SourceKind.SCENARIO:
        if not event_mode:
            raise SettingsError(
                f"source {section.name!r}: a scenario's days are its own; "
                f"start with --time {LogKind.EVENT}"
            )
        return Scenario(section.seed)
    if section.path is None:
        raise SettingsError(f"source {section.name!r}: a file source needs a path")
    return FileSource(
        [str(section.path)],
        name=section.name,
        mapping=section.map,
        zone=section.zone or None,
        language=section.language,
        now=None if event_mode else clock.now(),
        ingested_at=None if event_mode else clock.now(),
    )
