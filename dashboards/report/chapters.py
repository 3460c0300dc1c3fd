"""The chapters of a backtest's report, gathered from what the run left on disk."""

from collections.abc import Callable
from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec
from markupsafe import Markup

from alerts.incident import Incident
from alerts.wording import name
from dashboards.report.account import Account, read_account
from dashboards.report.drawing import svg
from dashboards.report.learnt import Learnt, learnt_of
from dashboards.report.page import drawn
from dashboards.report.picture import Picture, picture
from dashboards.report.season_chart import draw_season
from dashboards.report.spark import spark
from dashboards.views.series import read_series
from detectors.reading import Rule
from detectors.severity import Severity

if TYPE_CHECKING:
    from dashboards.views.books import Books
    from pipeline.backtest import BacktestReport
    from pipeline.settings import Settings
    from pipeline.status import BrandCounts

CHARTED = 20
"""Brands drawn and told one by one, at least where there are as many."""
MOST_CHARTED = 60
"""Brands drawn at most, however many had an incident."""
MOST_TOLD = 200
"""Incidents told one by one."""
SPARKS = 100
"""Points of a small chart."""


class Chapter(msgspec.Struct, frozen=True):
    """One brand: its sums, its chart, its incidents in order, and what was learnt of it."""

    number: int
    brand: str
    zone: str
    counts: "BrandCounts"
    picture: Picture
    accounts: tuple[tuple[str, Account], ...]
    attention: tuple[tuple[str, Incident], ...]
    learnt: Learnt | None
    season: Markup | None
    file: str


class Listed(msgspec.Struct, frozen=True):
    """One line of the table of all brands; `chapter` is its chapter's number, 0 for none."""

    brand: str
    counts: "BrandCounts"
    incidents: int
    attention: int
    spark: Markup | None
    chapter: int


class Gathered(msgspec.Struct, frozen=True):
    """Everything the page is made of; `letters` are the incidents' marks, by id."""

    chapters: tuple[Chapter, ...]
    listed: tuple[Listed, ...]
    letters: dict[str, str]
    untold: int


def gather(  # what a run hands over
    books: "Books",
    report: "BacktestReport",
    settings: "Settings",
    zone: str,
    *,
    moved: Callable[[int], None] = lambda _: None,
) -> Gathered:
    """Read and draw the brands: those with incidents first, then by how much was said."""
    with books.incidents.read() as view:
        found = [each for each in view.incidents()[::-1] if each.rule is not Rule.BLINDNESS]
    letters = _letters(found)
    by_brand: dict[str, list[Incident]] = {}
    for incident in found:
        by_brand.setdefault(incident.brand, []).append(incident)
    order = _order(report, by_brand)
    states = books.progress.learnt() or {}
    zones = {each.name: each.zone for each in settings.brands()}
    start, end = report.first or 0, (report.last or 0) + 1
    now = books.now(end)
    told = 0
    chapters = []
    for number, brand in enumerate(order[: _charted(by_brand)], start=1):
        its = by_brand.get(brand, [])
        accounts = []
        for incident in its:
            if incident.severity is Severity.INFO or told >= MOST_TOLD:
                continue
            account = read_account(books, incident.id, now, settings.policy())
            if account is not None:
                accounts.append((letters[incident.id], account))
                told += 1
        row = states.get(brand)
        learnt = None if row is None else learnt_of(books, row, settings.detection())
        marks = {each.id: letters[each.id] for each in its}
        of = zones.get(brand, zone)
        chapters.append(
            Chapter(
                number,
                brand,
                of,
                report.brands[brand],
                picture(
                    books,
                    brand,
                    start,
                    end,
                    of,
                    marks,
                    f"b{number}",
                    name(brand),
                    None if learnt is None else (learnt.warm_at or end),
                ),
                tuple(accounts),
                tuple((letters[each.id], each) for each in its if each.severity is Severity.INFO),
                learnt,
                None if learnt is None else drawn(svg(draw_season(learnt), f"s{number}")),
                file_name(brand, number),
            )
        )
        moved(1)
    return Gathered(
        tuple(chapters),
        tuple(_listed(books, report, order, by_brand, start, end, len(chapters))),
        letters,
        sum(each.severity is not Severity.INFO for each in found) - told,
    )


def file_name(brand: str, number: int) -> str:
    """A picture's file name: safe on every system, and no two brands' alike.

    >>> file_name("US Airways", 1), file_name("../../etc/passwd", 2)
    ('01-us-airways-dd6b0a.png', '02-etc-passwd-17a86b.png')
    """
    kept = "".join(char if char.isascii() and char.isalnum() else "-" for char in brand.lower())
    slug = "-".join(part for part in kept.split("-") if part)[:40].strip("-")
    mark = blake2b(brand.encode("utf-8", "replace"), digest_size=3).hexdigest()
    return f"{number:02}-{slug or 'brand'}-{mark}.png"


def _letters(incidents: list[Incident]) -> dict[str, str]:
    """A number for each incident, a letter for each attention, in the order of their opening."""
    letters: dict[str, str] = {}
    numbers = attention = 0
    for incident in sorted(incidents, key=lambda each: (each.opened_at, each.id)):
        if incident.severity is Severity.INFO:
            letters[incident.id] = lettered(attention)
            attention += 1
        else:
            numbers += 1
            letters[incident.id] = str(numbers)
    return letters


def lettered(number: int) -> str:
    """A, B, ... Z, AA, AB, ...

    >>> lettered(0), lettered(25), lettered(26)
    ('A', 'Z', 'AA')
    """
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _order(report: "BacktestReport", by_brand: dict[str, list[Incident]]) -> list[str]:
    def rank(brand: str) -> tuple[int, int, int, str]:
        its = by_brand.get(brand, [])
        serious = sum(each.severity is not Severity.INFO for each in its)
        return -serious, -len(its), -report.brands[brand].mentions, brand

    return sorted(report.brands, key=rank)


def _charted(by_brand: dict[str, list[Incident]]) -> int:
    serious = sum(
        any(each.severity is not Severity.INFO for each in its) for its in by_brand.values()
    )
    return min(MOST_CHARTED, max(CHARTED, serious))


def _listed(  # noqa: PLR0913, PLR0917  # the columns of a table
    books: "Books",
    report: "BacktestReport",
    order: list[str],
    by_brand: dict[str, list[Incident]],
    start: int,
    end: int,
    chapters: int,
) -> list[Listed]:
    found = []
    for number, brand in enumerate(order, start=1):
        its = by_brand.get(brand, [])
        serious = sum(each.severity is not Severity.INFO for each in its)
        small = None
        if number <= chapters:
            series = read_series(books, brand, start, end, points=SPARKS)
            small = spark(series.voices)
        found.append(
            Listed(
                brand,
                report.brands[brand],
                serious,
                len(its) - serious,
                small,
                number if number <= chapters else 0,
            )
        )
    return found
