"""[page]: the live page."""

from typing import Annotated

from pydantic import Field

from pipeline.settings.durations import HOUR
from pipeline.settings.sections.keyed import Tokened
from pipeline.settings.sections.section import Span, Whole, Words, is_loopback


class PageSection(Tokened):
    """What people look at all day, and act on at night."""

    enabled: bool = Field(default=True, description="whether `run` serves the live page")
    host: str = Field(
        default="127.0.0.1", description="address to listen on; beyond loopback a token is a must"
    )
    port: Annotated[Whole, Field(le=65535)] = Field(
        default=8090, description="port to listen on; 0 takes a free one"
    )
    allowed_hosts: Words = Field(
        default=(),
        description="further names the page is reached by, behind a proxy say; addresses, "
        "localhost and the name in policy.public_url always are",
    )
    session: Span = Field(
        default=12 * HOUR, description="how long a person stays signed in with the token"
    )

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the page."""
        return is_loopback(self.host)
