"""From settings to an engine: where the pieces of the road are put together."""

from pathlib import Path

import msgspec

from pipeline.brands import BrandMatcher
from pipeline.embedded import Engine
from pipeline.folding.records import FoldSettings
from pipeline.log import LogKind, SqliteLog
from pipeline.scorers import ScorerName, make_judge
from pipeline.settings import Settings
from pipeline.settings.said import said
from pipeline.stores.changes import ChangeTable
from pipeline.stores.place import Place
from pipeline.writing import Writer

WRITER = "embedded"


class EngineOptions(msgspec.Struct, frozen=True):
    """What a command decides about its engine.

    `zone` gives unconfigured brands their hours of the day; `durable` false gives up safety
    against a power cut for speed: for a log that is thrown away afterwards.
    """

    kind: LogKind = LogKind.CLOCK
    scorer: ScorerName = ScorerName.VADER
    zone: str = "UTC"
    durable: bool = True
    any_brand: bool = False


def make_engine(directory: Path, settings: Settings, options: EngineOptions) -> Engine:
    """Open the log in a directory and take its fold up where it stands.

    Raises LogInUse, LogMismatch, LogUnavailable or LogCorrupt with how to mend it.
    """
    log = SqliteLog.open(directory, options.kind, durable=options.durable)
    for database in directory.glob("*.db"):
        database.chmod(0o600)  # a restored copy may have come with wider rights
    try:
        detection = settings.detection()
        brands = settings.brands()
        matcher = BrandMatcher(
            brands, accept_unknown=options.any_brand or settings.accepts_unknown_brands
        )
        event_mode = options.kind is LogKind.EVENT
        return Engine(
            log,
            FoldSettings(
                detection,
                event_mode,
                brands={brand.name: brand.zone for brand in brands},
                zone=options.zone,
                max_delay=settings.max_delays(),
            ),
            make_judge(options.scorer),
            Writer(
                WRITER,
                matcher,
                bucket=detection.bucket,
                event_mode=event_mode,
                settings=settings.version,
            ),
            lambda name: matcher.brand(name).languages,
        )
    except BaseException:
        log.close()
        raise


def note_settings(engine: Engine, settings: Settings, now: int, *, durable: bool = True) -> None:
    """Note in mentions.db which settings are in force from now on, where they are new.

    An event log's own time counts instead of `now`; before its first tick that is 0.
    """
    at = (engine.log.time or 0) if engine.event_mode else now
    note_settings_at(Place(engine.log.directory), settings, at, durable=durable)


def note_settings_at(place: Place, settings: Settings, at: int, *, durable: bool = True) -> None:
    """Note which settings are in force from `at` on, where they are new."""
    changes = ChangeTable(place, durable=durable)
    try:
        changes.note(at, settings.version, said(settings.document))
    finally:
        changes.close()
