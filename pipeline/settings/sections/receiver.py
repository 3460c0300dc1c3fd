"""[[receivers]]: whom messages go to."""

from enum import StrEnum
from pathlib import Path

from pydantic import Field

from pipeline.settings.durations import SECOND
from pipeline.settings.secrets import Secret, read_secrets
from pipeline.settings.sections.keyed import Signed
from pipeline.settings.sections.section import Span


class ReceiverKind(StrEnum):
    """How a receiver is reached."""

    CONSOLE = "console"
    WEBHOOK = "webhook"


class ReceiverSection(Signed):
    """One receiver. A webhook's address is often a secret itself, so it may stand elsewhere."""

    name: str = Field(default="", description="the receiver's name, as steps and messages use it")
    kind: ReceiverKind = Field(default=ReceiverKind.CONSOLE, description="console or webhook")
    url: Secret | None = Field(default=None, description="address to post to (webhook)")
    url_env: str = Field(
        default="", description="environment variable that holds the address (webhook)"
    )
    url_file: Path | None = Field(default=None, description="file that holds the address (webhook)")
    zone: str = Field(default="UTC", description="zone of the times in its messages")
    timeout: Span = Field(
        default=10 * SECOND, description="how long one attempt may take (webhook)"
    )

    def address(self) -> Secret:
        """Return the webhook's address as a secret; an empty one for a console.

        Raises `SecretUnavailable` when its variable is not set or its file cannot be read.
        """
        found = read_secrets(self.url, self.url_env, self.url_file)
        return found[0] if found else Secret("")

    @property
    def has_address(self) -> bool:
        """Whether a place for the address is given (not whether it can be read)."""
        return bool(self.url is not None or self.url_env or self.url_file)
