"""Where a section's signing secret and bearer token come from."""

from pathlib import Path

from pydantic import Field

from pipeline.settings.secrets import Secret, read_secrets
from pipeline.settings.sections.section import Section


class Signed(Section):
    """A table that may hold a signing secret: from a variable, from a file, or written in it."""

    secret_env: str = Field(
        default="", description="environment variable that holds the signing secret"
    )
    secret_file: Path | None = Field(default=None, description="file that holds the signing secret")
    secret: Secret | None = Field(
        default=None, description="the signing secret itself; better kept out of this file"
    )

    def secrets(self) -> tuple[Secret, ...]:
        """Return the signing secrets, newest first; empty when none is configured.

        Raises `SecretUnavailable` when the variable is not set or the file cannot be read.
        """
        return read_secrets(self.secret, self.secret_env, self.secret_file)

    @property
    def has_secret(self) -> bool:
        """Whether a place for a signing secret is given (not whether it can be read)."""
        return bool(self.secret is not None or self.secret_env or self.secret_file)


class Tokened(Section):
    """A table that may hold a bearer token: from a variable, from a file, or written in it."""

    token_env: str = Field(
        default="", description="environment variable that holds the bearer token"
    )
    token_file: Path | None = Field(default=None, description="file that holds the bearer token")
    token: Secret | None = Field(
        default=None, description="the bearer token itself; better kept out of this file"
    )

    def tokens(self) -> tuple[Secret, ...]:
        """Return the bearer tokens, newest first; empty when none is configured.

        Raises `SecretUnavailable` when the variable is not set or the file cannot be read.
        """
        return read_secrets(self.token, self.token_env, self.token_file)

    @property
    def has_token(self) -> bool:
        """Whether a place for a bearer token is given (not whether it can be read)."""
        return bool(self.token is not None or self.token_env or self.token_file)


class Keyed(Tokened, Signed):
    """A table that may hold a signing secret, a bearer token, or both."""
