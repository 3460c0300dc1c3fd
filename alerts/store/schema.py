"""The tables of the incident store.

Instants are integers of milliseconds since 1970-01-01 UTC. Bodies are JSON of the core's own
structs. No column holds the text of a mention: only ids and digests, so that erasing a person
in the mention store leaves nothing of them here.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

row_id = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only where the type is spelt INTEGER."""

incident_events = Table(
    "incident_events",
    metadata,
    Column("id", row_id, primary_key=True, autoincrement=True),
    Column("incident_id", String(300), nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("incident_id", "number", name="incident_events_order"),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", String(300), primary_key=True),
    Column("brand", String(200), nullable=False),
    Column("rule", String(40), nullable=False),
    Column("state", String(20), nullable=False),
    Column("is_open", Integer, nullable=False),
    Column("is_watched", Integer, nullable=False),
    Column("severity", String(20), nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("events", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("incidents_by_brand", "brand", "rule", "opened_at"),
    Index("incidents_watched", "is_watched"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", row_id, primary_key=True, autoincrement=True),
    Column("dedup_key", String(500), nullable=False, unique=True),
    Column("incident_id", String(300), nullable=False),
    Column("receiver", String(100), nullable=False),
    Column("reason", String(60), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("state", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", BigInteger, nullable=True),
    Column("closed_at", BigInteger, nullable=True),
    Column("detail", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("outbox_by_incident", "incident_id", "at"),
    Index("outbox_waiting", "state", "receiver", "next_attempt_at"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", row_id, primary_key=True, autoincrement=True),
    Column("outbox_id", row_id, ForeignKey("outbox.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger, nullable=True),
    Column("result", String(20), nullable=True),
    Column("detail", Text, nullable=False),
    UniqueConstraint("outbox_id", "number", name="attempts_order"),
)

feed_offsets = Table(
    "feed_offsets",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("offset", BigInteger, nullable=False),
    Column("time", BigInteger, nullable=True),
    Column("told_until", BigInteger, nullable=True),
)

applied_signals = Table(
    "applied_signals",
    metadata,
    Column("brand", String(200), primary_key=True),
    Column("rule", String(40), primary_key=True),
    Column("surge", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
)
