"""[kafka]: the road at scale; left out, everything runs embedded."""

from enum import StrEnum
from pathlib import Path

from pydantic import Field

from pipeline.log.kind import LogKind
from pipeline.settings.secrets import Secret, read_secrets
from pipeline.settings.sections.section import Count, Section, Span, Whole, Words


class Protocol(StrEnum):
    """How brokers are talked to."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"


class Mechanism(StrEnum):
    """How one logs in."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


class Compression(StrEnum):
    """How records are packed on their way."""

    NONE = "none"
    GZIP = "gzip"
    LZ4 = "lz4"
    ZSTD = "zstd"


class KafkaSection(Section):
    """Where the brokers are, how to reach them, and what the topics are to be like."""

    bootstrap: Words = Field(
        default=(), description='brokers to begin with, such as ["kafka:9092"]; empty: embedded'
    )
    prefix: str = Field(
        default="crisis-monitor",
        pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$",
        description="what the names of topics and consumer groups begin with",
    )
    time: LogKind = Field(
        default=LogKind.CLOCK,
        description="what moves time: the wall clock, or the mentions' own times (event, for "
        "replays); the topics keep the kind they were first written with",
    )
    partitions: Count = Field(
        default=8, description="partitions of every topic; cannot be changed once there is data"
    )
    replication: Count = Field(default=1, description="copies of every partition")
    min_insync: Count = Field(
        default=1, description="copies that must have a record before it counts as written"
    )
    retention: Span = Field(
        default=7 * 24 * 3_600_000, description="how long mentions and outputs are kept for readers"
    )
    compression: Compression = Field(
        default=Compression.ZSTD, description="how envelopes are packed"
    )
    buffer_mentions: Count = Field(
        default=50_000,
        description="mentions that wait at the door while no broker answers; more are refused",
    )
    writer: str = Field(
        default="",
        pattern=r"^[a-zA-Z0-9._-]{0,80}$",
        description="this ingest process's own name in the log, the same after a restart; "
        "left out: the name of the machine and the port",
    )
    lag_limit: Whole = Field(
        default=60_000, description="mentions behind above which `lag` ends with exit code 1"
    )
    security: Protocol = Field(default=Protocol.PLAINTEXT, description="how brokers are talked to")
    mechanism: Mechanism = Field(default=Mechanism.SCRAM_SHA_512, description="how to log in")
    username: str = Field(default="", description="who logs in")
    password_env: str = Field(
        default="", description="environment variable that holds the password"
    )
    password_file: Path | None = Field(default=None, description="file that holds the password")
    password: Secret | None = Field(
        default=None, description="the password itself; better kept out of this file"
    )
    ca_file: Path | None = Field(default=None, description="certificates of whom to trust (PEM)")
    certificate_file: Path | None = Field(default=None, description="our own certificate (PEM)")
    key_file: Path | None = Field(default=None, description="the key of our certificate (PEM)")
    check_hostname: bool = Field(
        default=True, description="whether a broker's certificate must bear its name"
    )

    @property
    def configured(self) -> bool:
        """Whether there is a Kafka to talk to."""
        return bool(self.bootstrap)

    def secret(self) -> Secret | None:
        """Return the password; None when none is configured. Raises SecretUnavailable."""
        found = read_secrets(self.password, self.password_env, self.password_file)
        return found[0] if found else None
