"""Numbers, times and names as the page's templates write them."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

from markupsafe import Markup, escape

from alerts.plain import link, path_segment, unpiled
from alerts.times import rfc3339, span, until
from dashboards.console.drawing import Bullet, spark_area, spark_line, spark_top
from dashboards.views.bands import Band


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


def ago(at: int | None, now: int) -> Markup:
    """How far an instant is from now, as a `time` element that page.js keeps true."""
    if at is None:
        return Markup("-")
    away = f"in {until(at - now)}" if at > now else f"{span(now - at)} ago"
    if abs(now - at) < 1_000:
        away = "just now"
    return Markup('<time datetime="{}" data-relative>{}</time>').format(rfc3339(at), away)


def between(band: Band | None, word: str = "usually") -> str:
    """A band of counts as words.

    >>> between(Band(12.0, 20.0, 30.0)), between(Band(0.0, 0.5, 2.0)), between(None)
    ('usually 12-30', 'usually up to 2', 'usual not known yet')
    """
    if band is None:
        return "usual not known yet"
    if band.low < 0.5:
        return f"{word} up to {count(round(band.high))}"
    return f"{word} {count(round(band.low))}-{count(round(band.high))}"


def percents(band: Band | None, word: str = "usually") -> str:
    """A band of shares as words.

    >>> percents(Band(0.1, 0.2, 0.256)), percents(Band(0.0, 0.2, 0.256), "so far")
    ('usually 10-26 %', 'so far up to 26 %')
    """
    if band is None:
        return "usual not known yet"
    low, high = round(band.low * 100), round(band.high * 100)
    return f"{word} {low}-{high} %" if low else f"{word} up to {high} %"


def band_word(learning: float) -> str:
    """What a band is called: nothing is usual while a brand is still being learnt.

    >>> band_word(0.4), band_word(1.0)
    ('so far', 'usually')
    """
    return "usually" if learning >= 1 else "so far"


def plural(value: int, one: str, more: str = "") -> str:
    """A count with its word.

    >>> plural(1, "crisis", "crises"), plural(1200, "brand")
    ('1 crisis', '1,200 brands')
    """
    return f"{value:,} {one if value == 1 else more or one + 's'}"


def brand_address(name: str) -> str:
    """Where a brand is seen; one of dots alone is marked, for browsers would go up a folder.

    >>> brand_address("a/b"), brand_address("..")
    ('/brands/a%2Fb', '/brands/=..')
    """
    return f"/brands/{'' if name.strip('.') else '='}{path_segment(name)}"


def incident_address(incident_id: str) -> str:
    """Where an incident is seen."""
    return f"/incidents/{path_segment(incident_id)}"


def query(asked: Mapping[str, object]) -> str:
    """What is asked of an address, without what is empty.

    >>> query({"q": "a&b", "sort": "", "standing": None}), query({})
    ('?q=a%26b', '')
    """
    kept = {name: str(value) for name, value in asked.items() if value not in {"", None}}
    return f"?{urlencode(kept)}" if kept else ""


def in_its_lines(value: object) -> object:
    """Whatever a template writes: a stranger's text piles no marks up over the lines around it."""
    return unpiled(value) if type(value) is str else value


FILTERS: dict[str, Callable[..., object]] = {
    "count": count,
    "percent": percent,
    "when": when,
    "ago": ago,
    "between": between,
    "percents": percents,
    "band_word": band_word,
    "plural": plural,
    "span": span,
    "rfc3339": rfc3339,
    "web_link": link,
    "brand_address": brand_address,
    "incident_address": incident_address,
    "query": query,
    "safe_text": escape,
    "bullet": Bullet,
    "spark_line": spark_line,
    "spark_area": spark_area,
    "spark_top": spark_top,
}
