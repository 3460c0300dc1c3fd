"""Pages that need nothing but themselves: no script, no request, style and pictures inside.

Whatever anybody wrote is escaped by the templates; the only markup handed in is the charts' own.
"""

from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from alerts.facts import has_mentions
from alerts.plain import link, one_line
from alerts.wording import counted, name, number, percent
from dashboards.report.times import duration, moment, short
from dashboards.report.words import (
    OUTCOMES,
    RULES,
    happened,
    post_of,
    reasons,
    summary,
    verdict,
    what,
)

FOLDER = Path(__file__).parent / "templates"
LINE = 400
"""Characters of a sample."""
SHOWN_SAID = 10
"""Notifications shown at once; the rest is one click, or a print, away."""


@cache
def environment() -> jinja2.Environment:
    """The templates, with autoescape on and missing values as errors."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        {
            "brand": name,
            "counted": counted,
            "duration": duration,
            "happened": happened,
            "link": link,
            "moment": moment,
            "number": number,
            "one_line": lambda text, limit=LINE: one_line(text, limit),
            "percent": percent,
            "post_of": post_of,
            "reasons": reasons,
            "short": short,
            "thousands": lambda value: f"{value:,}",
            "verdict": verdict,
            "what": what,
        }
    )
    made.globals.update(
        {
            "css": Markup((FOLDER / "report.css").read_text(encoding="utf-8")),  # noqa: S704  # our own file
            "has_mentions": has_mentions,
            "outcomes": OUTCOMES,
            "rules": RULES,
            "shown_said": SHOWN_SAID,
            "summary": summary,
        }
    )
    return made


def rendered(template: str, **context: object) -> str:
    """One page as text."""
    return environment().get_template(template).render(**context)


def drawn(svg: str) -> Markup:
    """A chart of ours, which goes into a page as it is."""
    return Markup(svg)  # noqa: S704  # made by drawing.svg of numbers and our own words
