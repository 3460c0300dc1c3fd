"""The whole configuration file as one model."""

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from pipeline.settings.sections.brand import BrandSection
from pipeline.settings.sections.detection import DetectionSection
from pipeline.settings.sections.ingest import IngestSection
from pipeline.settings.sections.kafka import KafkaSection
from pipeline.settings.sections.logs import LogsSection
from pipeline.settings.sections.page import PageSection
from pipeline.settings.sections.policy import PolicySection
from pipeline.settings.sections.receiver import ReceiverSection
from pipeline.settings.sections.source import SourceSection
from pipeline.settings.sections.storage import StorageSection

CONSOLE = ReceiverSection(name="console")


class Document(BaseSettings):
    """Every section with its defaults; an empty file is a valid one.

    What the file, the environment and the command line say has been merged before it comes here,
    so that every value's origin is known when it is wrong.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    storage: StorageSection = Field(default=StorageSection(), description="the embedded store")
    ingest: IngestSection = Field(default=IngestSection(), description="the HTTP door")
    kafka: KafkaSection = Field(default=KafkaSection(), description="the road at scale")
    page: PageSection = Field(default=PageSection(), description="the live page")
    sources: tuple[SourceSection, ...] = Field(default=(), description="where mentions come from")
    detection: DetectionSection = Field(
        default=DetectionSection(), description="when talk is a crisis"
    )
    brands: tuple[BrandSection, ...] = Field(default=(), description="whom the talk is about")
    receivers: tuple[ReceiverSection, ...] = Field(
        default=(CONSOLE,), description="whom messages go to; left out: the console"
    )
    policy: PolicySection = Field(default=PolicySection(), description="who is told what, and when")
    logs: LogsSection = Field(default=LogsSection(), description="what the program says of itself")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Nothing but what is handed in."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)
