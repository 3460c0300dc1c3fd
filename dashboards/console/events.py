"""What has changed, told to every open page: one watcher of the stores for all viewers."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import anyio
import anyio.to_thread
import msgspec
import structlog
from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from alerts.errors import AlertsError
from dashboards.console.page import Page
from dashboards.views.books import Marks
from dashboards.views.progress import UNREAD
from pipeline.errors import PipelineError

_log = structlog.get_logger(__name__)

EVERY = 1.0
"""Seconds between two looks at the stores."""
EVERY_OF_EVENTS = 0.3
"""The same for an event log, where hours may pass in seconds."""
A_VIEWER = 0.04
"""Seconds by which each viewer lengthens that rest, once there are many."""
BEAT = 15.0
"""Seconds of silence after which a viewer is told that the server is still there."""
STANDS = 90_000
"""Milliseconds detection may lie behind the clock before viewers are told that it stands."""
MOST_VIEWERS = 200
UNSENT = 16
"""Events kept for a viewer that does not read; one more, and it is dropped."""

_PARTS = {
    "buckets": "buckets",
    "mentions": "mentions",
    "events": "incidents",
    "outbox": "notifications",
    "folded": "time",
}


class Seen(msgspec.Struct, frozen=True):
    """How far everything is; `as_of` is how far detection is, `now` the people's time.

    `stands_since` is how far detection is where it lies so far behind the clock that a person
    must not take what is shown for the present, else None.
    """

    now: int
    as_of: int | None
    marks: Marks
    stands_since: int | None = None
    event_mode: bool = False
    unread: tuple[str, ...] = ()
    """What is wrong with stores that cannot be read, while the others can."""
    stands_in: str = ""
    """The partitions that stand; empty: all."""


def look(page: Page) -> Seen:
    """Look how far the stores are; the page's cached views are held against this from now on."""
    with page.shelf.open() as books:
        marks = page.marks = books.marks()
        now, event_mode = page.now(books), books.event_mode
        as_of, behind = None, None
        if marks.folded != UNREAD:
            as_of = books.progress.time
            behind = None if event_mode else books.progress.behind(now - STANDS)
        unread = books.unread
    since, where = (None, "") if behind is None else (behind.since, behind.where)
    return Seen(now, as_of, marks, since, event_mode, unread, where)


def parts_of(before: Marks, after: Marks) -> list[str]:
    """Name what has changed, as `changed` tells it; `time`: nothing but how far detection is."""
    return [part for name, part in _PARTS.items() if getattr(before, name) != getattr(after, name)]


def rest(viewers: int, *, event_mode: bool) -> float:
    """Tell the seconds until the next look: longer the more look on, for what they fetch costs.

    >>> rest(3, event_mode=False), rest(50, event_mode=True)
    (1.0, 2.0)
    """
    return max(EVERY_OF_EVENTS if event_mode else EVERY, A_VIEWER * viewers)


def frame(event: str, data: object) -> bytes:
    """One event as it goes over the wire: JSON holds no line end, so nothing can break out."""
    return b"event: %s\ndata: %s\n\n" % (event.encode(), msgspec.json.encode(data))


class Viewer:
    """One open page: what is still to be sent to it, never more than `UNSENT` events."""

    def __init__(self) -> None:
        self._frames: asyncio.Queue[bytes | None] = asyncio.Queue(UNSENT)
        self._cut: Callable[[], None] | None = None
        self._ended = False

    def tell(self, sent: bytes | None) -> None:
        """Queue an event; None ends the stream; a viewer that does not read is cut off."""
        try:
            self._frames.put_nowait(sent)
        except asyncio.QueueFull:
            self._ended = True
            if self._cut is not None:
                self._cut()

    async def next(self) -> bytes | None:
        """Wait for the next event; None: the end; a sign of life after `BEAT` seconds."""
        if self._ended:
            return None
        try:
            async with asyncio.timeout(BEAT):
                return await self._frames.get()
        except TimeoutError:
            return b": still here\nevent: beat\ndata: {}\n\n"

    def cut_by(self, cut: Callable[[], None]) -> None:
        """Say how the stream is ended when the viewer does not read."""
        self._cut = cut


class Watcher:
    """Looks at the stores for all viewers and tells them what has changed; of one event loop."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._viewers: set[Viewer] = set()
        self._seen: Seen | None = None
        self._trouble = ""
        self._closing = False
        self._besides: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self._limiter: anyio.CapacityLimiter | None = None

    # -- its life --------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to look."""
        self._limiter = anyio.CapacityLimiter(1)
        self._task = asyncio.create_task(self._watch(), name="page watcher")

    def close_streams(self) -> None:
        """Send every viewer away: it comes back by itself once there is a server again."""
        self._closing = True
        for viewer in tuple(self._viewers):
            viewer.tell(None)

    async def stop(self) -> None:
        """End; a look that hangs in a locked store is not waited for."""
        self.close_streams()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    # -- viewers ---------------------------------------------------------------------------

    @property
    def full(self) -> bool:
        """Whether no further viewer can be served."""
        return self._closing or len(self._viewers) >= MOST_VIEWERS

    def also(self, part: str) -> None:
        """Tell every viewer soon that something besides the stores changed; from any thread."""
        self._besides.add(part)

    def enter(self) -> Viewer:
        """Let a viewer in; it is told at once how things stand."""
        viewer = Viewer()
        self._viewers.add(viewer)
        if self._trouble:
            viewer.tell(self._trouble_frame())
        elif self._seen is not None:
            viewer.tell(frame("state", self._seen))
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """Forget a viewer."""
        self._viewers.discard(viewer)

    # -- looking ---------------------------------------------------------------------------

    async def _watch(self) -> None:
        while True:
            try:
                seen = await anyio.to_thread.run_sync(
                    look, self._page, abandon_on_cancel=True, limiter=self._limiter
                )
            except (PipelineError, AlertsError) as error:
                self._met(str(error))
            except Exception:  # noqa: BLE001  # the watcher's last resort: said aloud, tried again
                _log.exception("page_watcher_failed")
                self._met("a fault of this program; its log says more")
            else:
                self._told(seen)
            self._page.beat()
            event_mode = self._seen is not None and self._seen.event_mode
            await asyncio.sleep(rest(len(self._viewers), event_mode=event_mode))

    def _told(self, seen: Seen) -> None:
        before, self._seen = self._seen, seen
        self._say_unread(() if before is None else before.unread, seen.unread)
        if self._trouble or before is None:
            self._trouble = ""
            self._tell_all(frame("state", seen))
        elif parts := [*parts_of(before.marks, seen.marks), *self._taken_besides()]:
            self._tell_all(frame("changed", msgspec.structs.asdict(seen) | {"parts": parts}))
        elif (before.stands_since, before.stands_in) != (seen.stands_since, seen.stands_in):
            self._tell_all(frame("state", seen))

    def _say_unread(self, before: tuple[str, ...], unread: tuple[str, ...]) -> None:
        if not unread:
            self._page.well()
            return
        if unread != before:
            _log.warning("page_trouble", detail="; ".join(unread))
        self._page.ill("; ".join(unread))

    def _taken_besides(self) -> list[str]:
        besides, self._besides = self._besides, set()
        return sorted(besides)

    def _met(self, detail: str) -> None:
        if detail != self._trouble:
            _log.warning("page_trouble", detail=detail)
            self._page.ill(detail)
            self._trouble = detail
            self._tell_all(self._trouble_frame())

    def _trouble_frame(self) -> bytes:
        return frame("trouble", {"now": self._page.clock.now(), "detail": self._trouble})

    def _tell_all(self, sent: bytes) -> None:
        for viewer in tuple(self._viewers):
            viewer.tell(sent)


class EventStream(Response):
    """Events to one viewer until it goes, does not read, or the server ends."""

    media_type = "text/event-stream"

    def __init__(self, watcher: Watcher, viewer: Viewer) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._watcher = watcher
        self._viewer = viewer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until there is an end."""
        del scope
        try:
            async with anyio.create_task_group() as group:
                cut = group.cancel_scope.cancel
                self._viewer.cut_by(cut)
                group.start_soon(_until_gone, receive, cut)
                await self._push(send)
                cut()
        finally:
            self._watcher.leave(self._viewer)

    async def _push(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await send(_body(b"retry: 2000\n\n", more=True))
        while (sent := await self._viewer.next()) is not None:
            await send(_body(sent, more=True))
        await send(_body(b"", more=False))


def _body(sent: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": sent, "more_body": more}


async def _until_gone(receive: Receive, cut: Callable[[], None]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    cut()


router = APIRouter()


@router.get("/events", include_in_schema=False)
async def events(request: Request) -> Response:
    """Tell one viewer what changes, as it changes."""
    watcher = _with_room(request)
    return EventStream(watcher, watcher.enter())


@router.get("/events/room", include_in_schema=False, status_code=204)
async def room(request: Request) -> Response:
    """Answer 204 where /events would be given, else why not: an EventSource cannot ask."""
    _with_room(request)
    return Response(status_code=204)


def _with_room(request: Request) -> Watcher:
    watcher: Watcher = request.app.state.watcher
    if watcher.full:
        raise HTTPException(
            503,
            f"{MOST_VIEWERS} pages are open already: close one; this one goes on trying",
            headers={"Retry-After": "10"},
        )
    return watcher
