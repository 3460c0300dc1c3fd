"""[[sources]]: where mentions come from."""

from enum import StrEnum
from pathlib import Path

from pydantic import Field

from pipeline.settings.durations import MINUTE
from pipeline.settings.sections.keyed import Keyed
from pipeline.settings.sections.section import Duration, Whole


class SourceKind(StrEnum):
    """How a source delivers."""

    HTTP = "http"
    FILE = "file"
    SCENARIO = "scenario"


class SourceSection(Keyed):
    """One source; its secret, if any, is its own and outranks that of [ingest]."""

    name: str = Field(default="", description="the source's name, in messages and counts")
    kind: SourceKind = Field(default=SourceKind.HTTP, description="http, file or scenario")
    max_delay: Duration = Field(
        default=60 * MINUTE,
        description="how long after it was posted a mention may come and still be counted",
    )
    language: str = Field(default="", description="language of its mentions, where they do not say")
    zone: str = Field(default="", description="zone of times that state none (file)")
    path: Path | None = Field(default=None, description="file to read (file)")
    map: dict[str, str] = Field(
        default={}, description="which column holds which field of a mention (file)"
    )
    seed: Whole = Field(default=1, description="which of the made-up worlds (scenario)")
