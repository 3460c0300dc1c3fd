"""Numbers, times and names as the page's templates write them."""

from collections.abc import Callable
from datetime import UTC, datetime

from markupsafe import Markup, escape

from alerts.plain import path_segment
from alerts.times import rfc3339, span


def count(value: float | None) -> str:
    """A count with thousands apart, a small broken one with a decimal, nothing as a dash.

    >>> count(41000), count(4.25), count(None)
    ('41,000', '4.2', '-')
    """
    if value is None:
        return "-"
    if value >= 20 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}"


def percent(share: float | None) -> str:
    """A share in percent.

    >>> percent(0.387), percent(None)
    ('39 %', '-')
    """
    return "-" if share is None else f"{share * 100:.0f} %"


def when(at: int | None) -> Markup:
    """An instant as a `time` element: UTC as text, put into the viewer's zone by page.js."""
    if at is None:
        return Markup("-")
    said = datetime.fromtimestamp(at / 1000, UTC).strftime("%a %d %b %H:%M UTC")
    return Markup('<time datetime="{}">{}</time>').format(rfc3339(at), said)


def brand_address(name: str) -> str:
    """Where a brand is seen."""
    return f"/brands/{path_segment(name)}"


def incident_address(incident_id: str) -> str:
    """Where an incident is seen."""
    return f"/incidents/{path_segment(incident_id)}"


FILTERS: dict[str, Callable[..., object]] = {
    "count": count,
    "percent": percent,
    "when": when,
    "span": span,
    "rfc3339": rfc3339,
    "brand_address": brand_address,
    "incident_address": incident_address,
    "safe_text": escape,
}
