"""[ingest]: the HTTP door."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.settings.sections.keyed import Keyed
from pipeline.settings.sections.section import Count, Whole, is_loopback


class IngestSection(Keyed):
    """Where programs hand in mentions over HTTP."""

    host: str = Field(
        default="127.0.0.1", description="address to listen on; beyond loopback a secret is a must"
    )
    port: Annotated[Whole, Field(le=65535)] = Field(
        default=8080, description="port to listen on; 0 takes a free one"
    )
    unknown_brands: Literal["accept", "reject"] | None = Field(
        default=None,
        description="what becomes of a mention whose source names a brand that is not configured; "
        "left out: accepted while no [[brands]] are configured; `reject` answers that it was "
        "ignored and keeps nothing of it",
    )
    max_body_bytes: Count = Field(default=5 * 1024 * 1024, description="largest request")
    max_mentions: Count = Field(default=5_000, description="most mentions in one request")

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the door."""
        return is_loopback(self.host)
