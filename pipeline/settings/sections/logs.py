"""[logs]: what the program writes about itself."""

from enum import StrEnum

from pydantic import Field

from pipeline.settings.sections.section import Section


class Level(StrEnum):
    """The least grave thing that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Form(StrEnum):
    """How a line looks."""

    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


class LogsSection(Section):
    """What the program writes about itself, on standard error."""

    level: Level = Field(default=Level.INFO, description="the least grave thing that is written")
    form: Form = Field(
        default=Form.AUTO,
        description="json, console, or auto: console on a terminal, json elsewhere",
    )
