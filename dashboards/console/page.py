"""What every view of the page shares: stores, settings, templates, and renderings kept."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import jinja2
import msgspec
from fastapi import Request
from fastapi.responses import HTMLResponse

from dashboards.console.static_files import StaticFiles
from dashboards.console.wording import FILTERS, in_its_lines
from dashboards.views.books import Books, Marks, Shelf
from pipeline.presenting import PageParts

if TYPE_CHECKING:
    from alerts.policy import Policy

COMPONENT = "page"
"""How the page is called where the program says whether it is well."""
KEPT = 512
"""Renderings kept for others who look at the same."""

_Made = TypeVar("_Made")


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
        self.shelf = Shelf(parts.directory)
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
        self._kept: OrderedDict[tuple[object, ...], tuple[Marks | None, object]] = OrderedDict()
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
        """What `make` makes, made once for all who ask with equal marks."""
        marks = self.marks or self.look()
        with self._lock:
            turn = self._making.setdefault(key, threading.Lock())
        with turn:
            with self._lock:
                found = self._kept.get(key)
            if found is not None and found[0] == marks:
                return found[1]  # type: ignore[return-value]  # kept under this key by this `make`
            made = make()
            with self._lock:
                self._kept[key] = (marks, made)
                self._kept.move_to_end(key)
                while len(self._kept) > KEPT:
                    old, _ = self._kept.popitem(last=False)
                    self._making.pop(old, None)
        return made

    def html(self, name: str, **context: object) -> str:
        """A template's text; everything put in is escaped."""
        return self._templates.get_template(name).render(**self.extra, **context)

    def render(
        self, request: Request, name: str, *, status: int = 200, **context: object
    ) -> HTMLResponse:
        """One view: a whole page, or what stands in its `main` where htmx asks for it."""
        fragment = request.headers.get("hx-request") == "true"
        text = self.html(
            name,
            fragment=fragment,
            path=request.url.path,
            address=_address(request),
            seen=self._seen(),
            **context,
        )
        return HTMLResponse(
            text, status, headers={"Cache-Control": "no-store", "Vary": "HX-Request"}
        )

    def _seen(self) -> str:
        """How far the stores were for what is shown, as page.js reads it."""
        return msgspec.json.encode(self.marks).decode()

    def well(self) -> None:
        """Say that the stores can be read."""
        if self.parts.health is not None:
            self.parts.health.well(COMPONENT)

    def ill(self, detail: str) -> None:
        """Say why the stores cannot be read, until they can."""
        if self.parts.health is not None:
            self.parts.health.failed(COMPONENT, detail)

    def close(self) -> None:
        """Let the stores go."""
        self.shelf.close()


def _address(request: Request) -> str:
    """The path with what was asked of it, so that a refresh asks for the same."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def page_of(request: Request) -> Page:
    """The page a request is about."""
    found: Page = request.app.state.page
    return found
