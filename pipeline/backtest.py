"""A backtest: the whole road on history, and what would have come of it; nothing is sent."""

import msgspec

from pipeline.status import BrandCounts


class BacktestNotification(msgspec.Struct, frozen=True):
    """Something that would have been said; `at` in RFC 3339."""

    at: str
    reason: str
    receiver: str


class BacktestIncident(msgspec.Struct, frozen=True):
    """A warning or critical incident; instants in RFC 3339, None where it never came to that."""

    id: str
    brand: str
    rule: str
    lane: str
    severity: str
    opened_at: str
    calm_at: str | None
    resolved_at: str | None
    notifications: list[BacktestNotification]
    reason: str = ""


class BacktestAttention(msgspec.Struct, frozen=True):
    """Volume alone: listed, pages nobody."""

    brand: str
    opened_at: str
    closed_at: str | None


class BacktestReport(msgspec.Struct, frozen=True):
    """What history would have led to, had nobody answered."""

    mentions: int
    rejected: int
    unscored: int
    late: int
    brands: dict[str, BrandCounts]
    incidents: list[BacktestIncident]
    attention: list[BacktestAttention]
    pages_per_week: float
    repeated: int = 0
    first: str | None = None
    last: str | None = None
