"""[storage]: where the embedded store keeps its files, and for how long."""

from pathlib import Path

from pydantic import Field

from pipeline.settings.durations import DAY
from pipeline.settings.sections.section import Section, Span


class StorageSection(Section):
    """Where the embedded store keeps its three databases, and how long each thing is kept."""

    directory: Path = Field(
        default=Path("crisis-monitor-data"),
        description="folder of the databases; made when missing",
    )
    log_retention: Span = Field(
        default=7 * DAY, description="how long the logs are kept for replays"
    )
    mentions_retention: Span = Field(
        default=90 * DAY, description="how long texts can be looked at before they are deleted"
    )
    buckets_by_minute: Span = Field(
        default=90 * DAY,
        description="how long buckets are kept at full detail; after that by the hour",
    )
