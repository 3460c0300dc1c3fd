"""A brand: charts, talk, numbers, and why it did or did not page."""

import gzip
from collections.abc import Callable
from difflib import get_close_matches
from hashlib import blake2b
from typing import NamedTuple
from urllib.parse import unquote

from fastapi import APIRouter, HTTPException, Request, Response

from alerts.plain import one_line
from dashboards.console.brand_words import said_of
from dashboards.console.page import Page, page_of
from dashboards.console.ranges import RANGES, Range, instant
from dashboards.console.routes.situation import read_situation
from dashboards.console.series_json import encode_series
from dashboards.console.wording import band_word
from dashboards.views.books import Books
from dashboards.views.brand import BrandTalk, read_talk
from dashboards.views.series import Series, read_series
from dashboards.views.situation import Situation
from detectors.reading import Lane, Reason
from pipeline.why import Explanation, explain, gates, meaning

router = APIRouter()

POINTS = 300
"""Steps of a chart at most: some pixels each on a usual screen."""
JUDGED = 15
"""Voices judged in a step on average, so that a chart of the share is more than noise."""
FEWEST_POINTS = 24
NEAR = 8
"""Names offered instead of one that is not known."""
LONGEST_STEP = 24 * 60 * 60_000


class Asked(NamedTuple):
    """One request for something of a brand: `address` is the brand's own, `over` the range."""

    page: Page
    request: Request
    brand: str
    address: str
    over: Range


@router.get("/brands/{rest:path}", include_in_schema=False)  # noqa: FAST003  # read undecoded
def brand(request: Request) -> Response:
    """Show a brand, or the part of it that the address names after the brand's segment.

    A name may hold a slash, so segments are told apart before they are decoded. One of dots alone
    comes as `=..`: browsers would go up a folder.
    """
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    segments = raw.split(b"?")[0].decode("latin-1").split("/")[2:]
    show = _PARTS.get("/".join(segments[1:]))
    if show is None:
        raise HTTPException(404)
    page, name = page_of(request), unquote(segments[0].removeprefix("="))
    with page.shelf.open() as books:
        known = {each.name for each in page.settings.brands()}.union(books.brands())
        reached = books.closed_up_to(name) if books.event_mode else None
        end = page.now(books) if reached is None else reached
    if name not in known:
        return page.render(
            request,
            "brand_missing.html",
            status=404,
            wanted=one_line(name, 100),
            near=nearest(name, known),
        )
    over = Range.read(request.query_params, end)
    return show(Asked(page, request, name, f"/brands/{segments[0]}", over))


def nearest(name: str, known: set[str]) -> list[str]:
    """The known names most like one that is not: alike in spelling, or holding it."""
    folded = {each.casefold(): each for each in sorted(known, reverse=True)}
    asked = name.casefold()[:200]
    holding = sorted(each for each in folded if asked and asked in each)
    alike = get_close_matches(asked, folded, NEAR, 0.5)
    return [folded[each] for each in dict.fromkeys((*holding[:NEAR], *alike))][:NEAR]


def _show(asked: Asked) -> Response:
    page, series, shares = asked.page, _series(asked), _shares(asked)
    row = next((row for row in _situation(page).rows if row.brand == asked.brand), None)
    warm_up = page.settings.detection().warm_up
    word = band_word(1.0 if row is None else row.learning)
    return page.share(
        asked.request,
        "brand.html",
        brand=asked.brand,
        base=asked.address,
        row=row,
        now=_situation(page).now,
        as_of=series.as_of,
        series=series,
        shares=shares,
        said=said_of(series, shares, warm_up),
        learning=series.learning_until(warm_up) is not None,
        word=word,
        over=asked.over,
        ranges=list(RANGES),
    )


def _json(asked: Asked) -> Response:
    """Give the series, or 304 where nothing in it has changed."""
    lanes = asked.request.query_params.get("lanes") == "1"
    warm_up = asked.page.settings.detection().warm_up

    def make() -> tuple[bytes, bytes, str]:
        body = encode_series(_series(asked, lanes=lanes), _shares(asked), warm_up)
        tag = blake2b(body, digest_size=12).hexdigest()
        return body, gzip.compress(body, 5, mtime=0), f'W/"{tag}"'

    key = ("series.json", asked.brand, asked.over, lanes)
    body, packed, tag = asked.page.cached(key, make)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
    given = asked.request.headers.get("if-none-match", "")
    if tag in {each.strip() for each in given.split(",")}:
        return Response(status_code=304, headers=headers)
    if "gzip" in asked.request.headers.get("accept-encoding", ""):
        body, headers["Content-Encoding"] = packed, "gzip"
    return Response(body, media_type="application/json", headers=headers)


def _talk(asked: Asked) -> Response:
    def make() -> BrandTalk:
        with asked.page.shelf.open() as books:
            return read_talk(books, asked.brand, asked.over.start, asked.over.end)

    talk = asked.page.cached(("talk", asked.brand, asked.over), make)
    return asked.page.share(
        asked.request,
        "brand_talk.html",
        brand=asked.brand,
        base=asked.address,
        over=asked.over,
        talk=talk,
    )


def _numbers(asked: Asked) -> Response:
    return asked.page.share(
        asked.request,
        "brand_numbers.html",
        brand=asked.brand,
        base=asked.address,
        over=asked.over,
        series=_series(asked),
    )


def _why(asked: Asked) -> Response:
    params = asked.request.query_params
    at = instant(params.get("at", ""))
    if at is None:
        raise HTTPException(400, "Say for which instant: at= in milliseconds, or a time of UTC.")
    typed = params.get("step", "")
    step = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0
    with asked.page.shelf.open() as books:
        found = explained(books, asked.brand, at, min(step, LONGEST_STEP))
    return asked.page.share(
        asked.request,
        "brand_why.html",
        brand=asked.brand,
        base=asked.address,
        over=asked.over,
        at=at,
        step=step,
        found=found,
        hits=[each for each in found.readings if each.reason is Reason.HIT],
        readings=[each for each in found.readings if each.lane is not Lane.SILENCE],
        gates=gates(asked.page.settings.detection()),
        meaning=meaning,
    )


def explained(books: Books, brand: str, at: int, step: int) -> Explanation:
    """Explain the bucket at an instant; of a longer step the bucket nearest to a page."""
    nearest_to_page, best = at, -1.0
    if step > 0:
        for record in books.buckets.between(brand, at, at + step):
            score = max(
                (
                    each.score / each.threshold
                    for each in explain(brand, at, record, None).readings
                    if each.threshold > 0
                ),
                default=-1.0,
            )
            if record.count == 1 and score > best:
                nearest_to_page, best = record.start, score
    return explain(
        brand,
        nearest_to_page,
        books.buckets.at(brand, nearest_to_page),
        books.buckets.last_before(brand, nearest_to_page),
    )


def _series(asked: Asked, *, points: int = POINTS, lanes: bool = False) -> Series:
    def make() -> Series:
        over = asked.over
        with asked.page.shelf.open() as books:
            return read_series(books, asked.brand, over.start, over.end, points=points, lanes=lanes)

    return asked.page.cached(("series", asked.brand, asked.over, points, lanes), make)


def _shares(asked: Asked) -> Series:
    """The same stretch in steps in which enough voices are judged for a share to say something."""
    series = _series(asked)
    scored = [each for each in series.scored if each is not None]
    a_step = sum(scored) / len(scored) if scored else 0.0
    points = int(len(series.times) * min(1.0, a_step / JUDGED))
    return _series(asked, points=max(FEWEST_POINTS, min(points, POINTS)))


def _situation(page: Page) -> Situation:
    return page.cached(("situation",), lambda: read_situation(page))


_PARTS: dict[str, Callable[[Asked], Response]] = {
    "": _show,
    "series.json": _json,
    "talk": _talk,
    "numbers": _numbers,
    "why": _why,
}
