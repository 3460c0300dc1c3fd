"""The configuration as the rest of the program uses it."""

import json
from dataclasses import dataclass, field
from hashlib import blake2b

from alerts.policy import Policy
from detectors.settings import Detection
from pipeline.brands import Brand
from pipeline.settings.document import Document
from pipeline.settings.findings import Finding
from pipeline.settings.sections.ingest import IngestSection
from pipeline.settings.sections.kafka import KafkaSection
from pipeline.settings.sections.logs import LogsSection
from pipeline.settings.sections.page import PageSection
from pipeline.settings.sections.receiver import ReceiverSection
from pipeline.settings.sections.source import SourceSection
from pipeline.settings.sections.storage import StorageSection


@dataclass(frozen=True, slots=True)
class Settings:
    """A configuration without mistakes; durations are milliseconds, paths ready to open.

    Sections that only the shell reads are attributes; what the pure packages want is made by
    `detection()`, `policy()` and `brands()`. Secrets are read when asked for, by `secrets()`,
    `tokens()` and `address()` of a section, which raise `SecretUnavailable`. `warnings` is what
    `config check` would warn of.
    """

    document: Document
    place: str = ""
    warnings: tuple[Finding, ...] = field(default=(), repr=False)

    @property
    def storage(self) -> StorageSection:
        """Where the embedded store keeps its files."""
        return self.document.storage

    @property
    def ingest(self) -> IngestSection:
        """The HTTP door."""
        return self.document.ingest

    @property
    def kafka(self) -> KafkaSection:
        """The road at scale; `configured` is false where everything runs embedded."""
        return self.document.kafka

    @property
    def page(self) -> PageSection:
        """The live page."""
        return self.document.page

    @property
    def sources(self) -> tuple[SourceSection, ...]:
        """The configured sources, in the file's order."""
        return self.document.sources

    @property
    def receivers(self) -> tuple[ReceiverSection, ...]:
        """The receivers; at least one, the console where none is configured."""
        return self.document.receivers

    @property
    def public_url(self) -> str:
        """The address people reach the monitor at, without a slash at its end; may be empty."""
        return self.document.policy.public_url.rstrip("/")

    @property
    def logs(self) -> LogsSection:
        """What the program writes about itself."""
        return self.document.logs

    @property
    def accepts_unknown_brands(self) -> bool:
        """Whether a mention whose source names a brand that is not configured is taken."""
        if self.ingest.unknown_brands is None:
            return not self.document.brands
        return self.ingest.unknown_brands == "accept"

    @property
    def version(self) -> str:
        """Sixteen hex digits that change with every setting but the secrets."""
        said = self.document.model_dump(mode="json", exclude={"storage": {"directory"}})
        body = json.dumps(said, sort_keys=True, ensure_ascii=True).encode("ascii")
        return blake2b(body, digest_size=8).hexdigest()

    def brands(self) -> tuple[Brand, ...]:
        """Return the configured brands, in the file's order."""
        return tuple(Brand(**section.model_dump()) for section in self.document.brands)

    def detection(self) -> Detection:
        """Return the detectors' settings."""
        return self.document.detection.detection()

    def policy(self) -> Policy:
        """Return who is told what, and when."""
        return self.document.policy.policy(self.receivers)

    def max_delays(self) -> dict[str, int]:
        """Return how late a mention may come and still be counted, by source, in milliseconds."""
        return {source.name: source.max_delay for source in self.sources}
