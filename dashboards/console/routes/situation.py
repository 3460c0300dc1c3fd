"""The situation: every brand in one row, the most urgent first."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Annotated
from weakref import WeakKeyDictionary

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from dashboards.console.page import Page, page_of
from dashboards.views.situation import Row, Situation, SituationView, Standing

router = APIRouter()

MOST_ASKED = 200
"""Characters of a search that are read."""
SORTS: dict[str, tuple[str, Callable[[Row], object] | None]] = {
    "": ("Urgency", None),
    "brand": ("Name", lambda row: row.brand.casefold()),
    "voices": ("Voices", lambda row: -row.voices),
    "share": ("Negative share", lambda row: -(row.share or 0.0)),
    "due": ("Update due", lambda row: (row.due_at is None, row.due_at or 0)),
}
"""What rows can be sorted by, as it stands in the address: its name, and its key."""
CRISES = (Standing.CRITICAL, Standing.WARNING)


@router.get("/", include_in_schema=False)
def situation(
    request: Request,
    q: Annotated[str, Query(max_length=MOST_ASKED)] = "",
    sort: str = "",
    standing: str = "",
) -> HTMLResponse:
    """Show all brands, or those whose name holds `q` or which stand as asked."""
    page = page_of(request)
    seen = page.cached(("situation",), lambda: read_situation(page))
    sort = sort if sort in SORTS else ""
    wanted = Standing(standing) if standing in set(Standing) else None
    counts = Counter(row.standing for row in seen.rows)
    return page.share(
        request,
        "situation.html",
        now=seen.now,
        as_of=seen.as_of,
        rows=chosen(seen.rows, q, sort, wanted),
        crises=[row for row in seen.rows if row.standing in CRISES],
        counts=[(each, counts[each]) for each in Standing if counts[each]],
        all=len(seen.rows),
        blind=seen.blind,
        unread=seen.unread,
        q=q,
        sort=sort,
        sorts=[(key, name) for key, (name, _) in SORTS.items()],
        standing=wanted,
        row_id=row_id,
    )


def read_situation(page: Page) -> Situation:
    """Read the situation as it is now; what was read before is kept beside the page."""
    looking = _looking_of(page)
    with looking.lock, page.shelf.open() as books:
        return looking.view.read(books, page.now(books))


def chosen(rows: Sequence[Row], q: str, sort: str, standing: Standing | None) -> list[Row]:
    """The rows asked for, in the order asked for; equal ones stay in the order of urgency."""
    asked = q.casefold().split()
    found = [
        row
        for row in rows
        if (standing is None or row.standing is standing)
        and all(word in row.brand.casefold() for word in asked)
    ]
    key = SORTS[sort][1]
    if key is not None:
        found.sort(key=key)  # type: ignore[arg-type]  # every key's values compare with each other
    return found


def row_id(brand: str) -> str:
    """An element's id that stays with its brand, whatever the name holds."""
    return "b" + blake2b(brand.encode("utf-8", "replace"), digest_size=6).hexdigest()


class _Looking:
    """What a page has read of the situation, so that the next look reads only what is new."""

    def __init__(self, page: Page) -> None:
        names = [brand.name for brand in page.settings.brands()]
        self.view = SituationView(page.policy, page.settings.detection().warm_up, names)
        self.lock = threading.Lock()


_looking: WeakKeyDictionary[Page, _Looking] = WeakKeyDictionary()
_looking_lock = threading.Lock()


def _looking_of(page: Page) -> _Looking:
    with _looking_lock:
        found = _looking.get(page)
        if found is None:
            found = _looking[page] = _Looking(page)
    return found
