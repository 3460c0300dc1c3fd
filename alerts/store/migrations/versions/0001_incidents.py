"""The first store: events, incidents, outbox, attempts, feed offsets, applied signals.

A step spells its tables out instead of importing them: it says what was true then.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_row_id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _words(longest: int) -> sa.types.TypeEngine[str]:
    """Texts that are compared and put in order byte by byte, as SQLite does."""
    return sa.String(longest).with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the six tables."""
    _make_incidents()
    _make_outbox()
    op.create_table(
        "feed_offsets",
        sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=True),
        sa.Column("told_until", sa.BigInteger, nullable=True),
    )
    op.create_table(
        "applied_signals",
        sa.Column("brand", _words(200), primary_key=True),
        sa.Column("rule", _words(40), primary_key=True),
        sa.Column("surge", sa.BigInteger, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
    )


def _make_incidents() -> None:
    op.create_table(
        "incident_events",
        sa.Column("id", _row_id, primary_key=True, autoincrement=True),
        sa.Column("incident_id", _words(300), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", _words(40), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("incident_id", "number", name="incident_events_order"),
    )
    op.create_table(
        "incidents",
        sa.Column("id", _words(300), primary_key=True),
        sa.Column("brand", _words(200), nullable=False),
        sa.Column("rule", _words(40), nullable=False),
        sa.Column("state", _words(20), nullable=False),
        sa.Column("is_open", sa.Integer, nullable=False),
        sa.Column("is_watched", sa.Integer, nullable=False),
        sa.Column("severity", _words(20), nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("incidents_by_brand", "incidents", ["brand", "rule", "opened_at"])
    op.create_index("incidents_watched", "incidents", ["is_watched"])


def _make_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", _row_id, primary_key=True, autoincrement=True),
        sa.Column("dedup_key", _words(500), nullable=False, unique=True),
        sa.Column("incident_id", _words(300), nullable=False),
        sa.Column("receiver", _words(100), nullable=False),
        sa.Column("reason", _words(60), nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("state", _words(20), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", sa.BigInteger, nullable=True),
        sa.Column("closed_at", sa.BigInteger, nullable=True),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("outbox_by_incident", "outbox", ["incident_id", "at"])
    op.create_index("outbox_waiting", "outbox", ["state", "receiver", "next_attempt_at"])
    op.create_table(
        "attempts",
        sa.Column("id", _row_id, primary_key=True, autoincrement=True),
        sa.Column("outbox_id", _row_id, sa.ForeignKey("outbox.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("finished_at", sa.BigInteger, nullable=True),
        sa.Column("result", _words(20), nullable=True),
        sa.Column("detail", sa.Text, nullable=False),
        sa.UniqueConstraint("outbox_id", "number", name="attempts_order"),
    )
