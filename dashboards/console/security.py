"""Who may ask what of the page, and what every answer carries; before any view is reached."""

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.clock import stopwatch

_log = structlog.get_logger(__name__)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # Nothing is told to other places. `no-referrer` would take the origin from our own forms, too,
    # and with it what tells them from those of strangers.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
MOST_BODY = 64 * 1024
"""Bytes of a form: a note, an update and their fields fit many times."""
LONGEST_BODY = 30.0
"""Seconds a form may take to arrive: who dawdles holds a connection that others want."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

Refuse = Callable[[Scope, HTTPException], Response]
"""Makes the answer to a request that is not let in."""
Admit = Callable[[Scope], Response | None]
"""Says who must sign in first: the answer to give instead, None to let it through.

It may leave a cookie to set with the answer in the request's state, as `COOKIE`.
"""
COOKIE = "cookie_to_set"


class Guard:
    """Every request's first and last station: a pure ASGI application around another.

    It lets through what is meant for this page (`Host`), does not come from another site, is not
    too large, and is signed in where that is asked for. It sets the safety headers on every
    answer, and an error of a view becomes an answer in plain words: it never reaches the server.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str], refuse: Refuse, admit: Admit) -> None:
        self._app = app
        self._hosts = frozenset(map(_plain_host, hosts)) | {"localhost"}
        self._refuse = refuse
        self._admit = admit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["state"] = dict(scope.get("state") or {})
        answer = _Answer(scope, send)
        try:
            inner = self._checked(scope)
        except HTTPException as refused:
            inner = self._refuse(scope, refused)
        try:
            await inner(self._asked(scope), _Limited(receive), answer)
        except ClientDisconnect:
            return
        except HTTPException as refused:  # a body found too large while it was read
            await self._end(answer, scope, receive, refused)
        except Exception:  # noqa: BLE001  # a fault of one view, said aloud, ends that view alone
            _log.exception("view_failed", path=scope["path"], method=scope["method"])
            fault = HTTPException(500, "This view met a fault of the program; its log says more.")
            await self._end(answer, scope, receive, fault)

    def _checked(self, scope: Scope) -> ASGIApp:
        headers = Headers(scope=scope)
        self._check_host(headers.get("host", ""))
        _check_site(scope["method"], headers)
        _check_size(headers)
        return self._admit(scope) or self._app

    @staticmethod
    def _asked(scope: Scope) -> Scope:
        """A view's head is asked for by those who make previews of links; a stream has none."""
        if scope["method"] == "HEAD" and scope["path"] != "/events":
            return {**scope, "method": "GET"}
        return scope

    async def _end(
        self, answer: "_Answer", scope: Scope, receive: Receive, error: HTTPException
    ) -> None:
        if not answer.begun:
            await self._refuse(scope, error)(scope, receive, answer)

    def _check_host(self, host: str) -> None:
        """A name that is not ours may be made to mean this machine by somebody else's page.

        An address cannot, so every address passes.
        """
        plain = _plain_host(host)
        if plain not in self._hosts and not _is_address(plain):
            raise HTTPException(
                421,
                "The page is not known under the name it was asked for. Open it by its address, "
                "or add the name to allowed_hosts in [page].",
            )


class _Answer:
    """Sends, with the safety headers; knows whether an answer has begun."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._state: dict[str, str] = scope["state"]
        self._send = send
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "no-store")
            if cookie := self._state.get(COOKIE):
                headers.append("Set-Cookie", cookie)
        await self._send(message)


class _Limited:
    """Receives no more than a form's worth, in no more than its time."""

    def __init__(self, receive: Receive) -> None:
        self._receive: Callable[[], Awaitable[Message]] = receive
        self._read = 0
        self._whole = False
        self._until = stopwatch() + LONGEST_BODY

    async def __call__(self) -> Message:
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout(self._until - stopwatch()):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(
                408, f"The form took longer than {LONGEST_BODY:.0f} s to arrive: send it again."
            ) from None
        self._whole = not message.get("more_body", False)
        self._read += len(message.get("body", b""))
        if self._read > MOST_BODY:
            raise _too_large()
        return message


def _too_large() -> HTTPException:
    return HTTPException(413, f"A form holds at most {MOST_BODY // 1024} KB: shorten the text.")


def _check_size(headers: Headers) -> None:
    said = headers.get("content-length", "0")
    if said.isdigit() and int(said[:20]) > MOST_BODY:
        raise _too_large()


def _check_site(method: str, headers: Headers) -> None:
    """Refuse what another site makes a browser ask for, except following a link to here."""
    site = headers.get("sec-fetch-site")
    safe = method in _SAFE
    if site in {"same-origin", "none"}:
        return
    if site is not None:
        if safe and headers.get("sec-fetch-mode") == "navigate":
            return
        raise HTTPException(403, "Another site asked for this in your browser; it was refused.")
    if safe or _is_origin(headers.get("origin", ""), headers.get("host", "")):
        return
    raise HTTPException(
        403,
        "This did not come from the page itself, so it was refused. A program sends an Origin "
        "header that holds the page's own address.",
    )


def _is_origin(origin: str, host: str) -> bool:
    """Whether an origin is the host that was asked; a proxy before us may have ended https."""
    try:
        parts = urlsplit(origin)
        said = parts.scheme, parts.hostname, parts.port
        asked = urlsplit(f"{parts.scheme}://{host}")
        default = {"http": 80, "https": 443}.get(parts.scheme)
        return (
            default is not None
            and bool(said[1])
            and (said[1], said[2] or default) == (asked.hostname, asked.port or default)
        )
    except ValueError:
        return False


def _plain_host(host: str) -> str:
    """Return a host without its port, in small letters.

    >>> [_plain_host(each) for each in ("LocalHost:8090", "[::1]:80", "a.example.", "::1")]
    ['localhost', '::1', 'a.example', '::1']
    """
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    if host.count(":") == 1:
        host = host.partition(":")[0]
    return host.removesuffix(".")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
