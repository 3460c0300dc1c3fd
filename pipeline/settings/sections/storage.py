"""[storage]: where the embedded store keeps its files, and for how long."""

from pathlib import Path

from pydantic import Field

from pipeline.settings.durations import DAY
from pipeline.settings.secrets import Secret, read_secrets
from pipeline.settings.sections.section import Section, Span


class StorageSection(Section):
    """Where the embedded store keeps its three databases, and how long each thing is kept."""

    directory: Path = Field(
        default=Path("crisis-monitor-data"),
        description="folder of the databases; made when missing",
    )
    database_env: str = Field(
        default="",
        description="environment variable that holds the address of a PostgreSQL database for the "
        "stores (postgresql://user:password@host/name); left out: SQLite files in the folder",
    )
    database_file: Path | None = Field(default=None, description="file that holds that address")
    database: Secret | None = Field(
        default=None, description="the address itself; better kept out of this file"
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

    def database_address(self) -> Secret | None:
        """Return the address of the PostgreSQL database, None for SQLite files.

        Raises `SecretUnavailable` when its variable is not set or its file cannot be read.
        """
        found = read_secrets(self.database, self.database_env, self.database_file)
        return found[0] if found else None
