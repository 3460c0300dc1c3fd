"""What every view of the page shares: stores, settings, templates, and renderings kept."""

import gzip
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

import jinja2
import msgspec
from fastapi import Request
from fastapi.responses import HTMLResponse

from dashboards.console.static_files import StaticFiles
from dashboards.console.wording import FILTERS, in_its_lines
from dashboards.views.books import Books, Marks, Shelf, shelf_of
from pipeline.clock import stopwatch
from pipeline.presenting import PageParts

if TYPE_CHECKING:
    from alerts.policy import Policy

COMPONENT = "page"
"""How the page is called where the program says whether it is well."""
KEPT = 512
"""Things made for one viewer and kept for others who look at the same."""
FRESH = 10.0
"""Seconds after which they are made anew even if nothing has changed: time passes, too."""

_Made = TypeVar("_Made")


class _Kept(msgspec.Struct, frozen=True):
    """What was made, for which marks, and when by the stopwatch."""

    marks: Marks | None
    at: float
    made: object

    @property
    def fresh(self) -> bool:
        """Whether it may be shown as long as nothing has changed."""
        return stopwatch() - self.at < FRESH

    def holds(self, marks: Marks | None) -> bool:
        """Whether it may still be shown."""
        return self.marks == marks and self.fresh


class _Text(msgspec.Struct, frozen=True):
    """A rendering as it is sent."""

    body: bytes
    packed: bytes


class Page:
    """One data directory's live page; thread-safe.

    `marks` is how far the stores were when they were last looked at (at most a second ago); a
    view made for equal marks is shared by everybody who looks at it.
    """

    def __init__(self, parts: PageParts) -> None:
        self.parts = parts
        self.settings = parts.settings
        self.clock = parts.clock
        self.policy: Policy = parts.settings.policy()
        self.shelf = (
            Shelf(parts.directory) if parts.place is None else shelf_of(parts.place, parts.settings)
        )
        self.files = StaticFiles()
        self.marks: Marks | None = None
        self.extra: dict[str, object] = {}
        """What every template gets besides: the demonstration's controls, say."""
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader("dashboards.console"),
            autoescape=True,
            finalize=in_its_lines,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(FILTERS)
        self._templates.globals["static"] = self.files.address
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[object, ...], _Kept] = OrderedDict()
        self._making: dict[tuple[object, ...], threading.Lock] = {}

    def add_templates(self, package: str) -> None:
        """Look for templates in a further package too."""
        loader = self._templates.loader
        loaders = [each for each in (loader, jinja2.PackageLoader(package)) if each is not None]
        self._templates.loader = jinja2.ChoiceLoader(loaders)

    def now(self, books: Books) -> int:
        """Tell the people's time: the clock's, or an event log's own."""
        return books.now(self.clock.now())

    def look(self) -> Marks:
        """Look how far the stores are now, so that what a person just did is shown."""
        with self.shelf.open() as books:
            self.marks = books.marks()
        return self.marks

    def cached(self, key: tuple[object, ...], make: Callable[[], _Made]) -> _Made:
        """What `make` makes, made once for all who ask with equal marks, at most `FRESH` old."""
        marks = self.marks or self.look()
        with self._lock:
            turn = self._making.setdefault(key, threading.Lock())
        with turn:
            with self._lock:
                found = self._kept.get(key)
            if found is not None and found.holds(marks):
                return found.made  # type: ignore[return-value]  # kept under this key by this `make`
            try:
                made = make()
            except BaseException:
                with self._lock:
                    self._making.pop(key, None)
                raise
            with self._lock:
                self._kept[key] = _Kept(marks, stopwatch(), made)
                self._kept.move_to_end(key)
                self._forget()
        return made

    def _forget(self) -> None:
        """Let go of what nobody will be shown: a view of many brands is large."""
        while self._kept:
            oldest, kept = next(iter(self._kept.items()))
            if len(self._kept) <= KEPT and kept.fresh:
                return
            del self._kept[oldest]
            self._making.pop(oldest, None)

    def html(self, name: str, **context: object) -> str:
        """A template's text; everything put in is escaped."""
        return self._templates.get_template(name).render(**self.extra, **context)

    def render(
        self, request: Request, name: str, *, status: int = 200, **context: object
    ) -> HTMLResponse:
        """One view: a whole page, or what stands in its `main` where htmx asks for it."""
        return _answer(self._text(request, name, context).encode("utf-8", "replace"), status)

    def share(self, request: Request, name: str, **context: object) -> HTMLResponse:
        """One view, rendered once for all who ask for its address while nothing has changed.

        Its context is a function of the address and the stores alone.
        """

        def make() -> _Text:
            body = self._text(request, name, context).encode("utf-8", "replace")
            return _Text(body, gzip.compress(body, 1, mtime=0))

        text = self.cached(("shared", name, asked_address(request), is_fragment(request)), make)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return _answer(text.packed, 200, {"Content-Encoding": "gzip"})
        return _answer(text.body, 200)

    def _text(self, request: Request, name: str, context: dict[str, object]) -> str:
        return self.html(
            name,
            fragment=is_fragment(request),
            path=request.url.path,
            address=asked_address(request),
            seen=_json(getattr(request.state, "marks", None)),
            **context,
        )

    def well(self) -> None:
        """Say that the stores can be read."""
        if self.parts.health is not None:
            self.parts.health.well(COMPONENT)

    def ill(self, detail: str) -> None:
        """Say why the stores cannot be read, until they can."""
        if self.parts.health is not None:
            self.parts.health.failed(COMPONENT, detail)

    def beat(self) -> None:
        """Say that the stores were looked at, whatever came of it."""
        if self.parts.health is not None:
            self.parts.health.beat(COMPONENT)

    def close(self) -> None:
        """Let the stores go."""
        self.shelf.close()


async def arriving(request: Request) -> None:
    """Note how far the stores were when a request came: what it is shown is no older."""
    request.state.marks = page_of(request).marks


def is_fragment(request: Request) -> bool:
    """Whether htmx asks, for what stands in `main` alone."""
    return request.headers.get("hx-request") == "true"


def _answer(body: bytes, status: int, headers: dict[str, str] | None = None) -> HTMLResponse:
    said = {"Cache-Control": "no-store", "Vary": "HX-Request, Accept-Encoding"}
    return HTMLResponse(body, status, said | (headers or {}))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def asked_address(request: Request) -> str:
    """The path as it came, undecoded, with what was asked of it: a refresh asks for the same.

    Decoded, a name that holds a slash or a question mark would be another address.
    """
    raw: bytes = request.scope.get("raw_path") or quote(request.url.path).encode()
    path = raw.partition(b"?")[0].decode("latin-1")
    return path + (f"?{request.url.query}" if request.url.query else "")


def page_of(request: Request) -> Page:
    """The page a request is about."""
    found: Page = request.app.state.page
    return found
