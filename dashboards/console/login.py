"""Signing in with a token, where one is configured: sessions that need no store."""

import hmac
import ipaddress
import math
from collections import OrderedDict
from collections.abc import Iterable
from hashlib import sha256
from urllib.parse import parse_qs, quote, urlsplit

import anyio
import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, Response
from starlette.types import Scope

from dashboards.console.page import Page, asked_address, page_of
from dashboards.console.security import COOKIE

OPEN = ("/login", "/static/")
"""What needs no session: signing in, and the page's own files, which hold nothing of anybody."""
PROBED = frozenset({"/healthz", "/readyz"})
"""Nor do these, where there are such: no probe can sign in."""
FREE_TRIES = 5
LONGEST_WAIT = 60_000
FORGOTTEN = 15 * 60_000
"""Milliseconds after which a client's wrong tokens are forgotten."""
MOST_CLIENTS = 1_024
_CONTEXT = b"crisis-monitor page session 1"


class Sessions:
    """Makes and reads sessions: an expiry, signed with a key made from the token.

    They outlive a restart and end when their token goes. With several tokens (one replaces
    another) each is accepted, the first one signs.
    """

    def __init__(self, tokens: Iterable[str], length: int) -> None:
        self._tokens = [token.encode() for token in tokens]
        self._keys = [hmac.digest(token, _CONTEXT, sha256) for token in self._tokens]
        self.length = length
        name = hmac.digest(self._keys[0], b"name", sha256).hex()[:8] if self._keys else ""
        self.cookie = f"crisis-monitor-{name}"
        """Not shared by ports: two monitors on one machine do not end each other's sessions."""

    @property
    def asked(self) -> bool:
        """Whether anybody has to sign in."""
        return bool(self._keys)

    def is_token(self, given: str) -> bool:
        """Whether this is a token; takes equally long whatever is given."""
        said = hmac.digest(_CONTEXT, given.encode("utf-8", "replace"), sha256)
        right = False
        for token in self._tokens:
            right |= hmac.compare_digest(said, hmac.digest(_CONTEXT, token, sha256))
        return right

    def begin(self, now: int) -> str:
        """Return a session that lasts from now for `length`."""
        expiry = str(now + self.length)
        return f"{expiry}.{self._sign(self._keys[0], expiry)}"

    def holds(self, session: str, now: int) -> bool:
        """Whether this is a session of ours that has not ended."""
        expiry, _, signature = session.partition(".")
        said = signature.encode("utf-8", "replace")
        right = False
        for key in self._keys:
            right |= hmac.compare_digest(said, self._sign(key, expiry).encode())
        return right and expiry.isdecimal() and now < int(expiry) <= now + self.length

    def is_old(self, session: str, now: int) -> bool:
        """Whether the greater part of a session that holds is over: who acts is given a new one."""
        return int(session.partition(".")[0]) - now < self.length // 2

    @staticmethod
    def _sign(key: bytes, expiry: str) -> str:
        return hmac.new(key, expiry.encode("utf-8", "replace"), sha256).hexdigest()


class _Tries(msgspec.Struct):
    wrong: int = 0
    last: int = 0


class SlowDown:
    """Makes who gives wrong tokens wait, ever longer; remembers a bounded number of clients.

    >>> slow = SlowDown()
    >>> for _ in range(7):
    ...     slow.wrong("10.0.0.1", 0)
    >>> slow.wait("10.0.0.1", 0), slow.wait("10.0.0.1", 5_000), slow.wait("10.0.0.2", 0)
    (4000, 0, 0)
    """

    def __init__(self) -> None:
        self._clients: OrderedDict[str, _Tries] = OrderedDict()

    def wait(self, client: str, now: int) -> int:
        """Milliseconds a client has to wait before the next try."""
        tries = self._clients.get(_network(client))
        if tries is None or tries.wrong < FREE_TRIES or not 0 <= now - tries.last <= FORGOTTEN:
            return 0  # a clock that was put back would make people wait for as long
        needed = min(LONGEST_WAIT, 1_000 << min(16, tries.wrong - FREE_TRIES))
        return max(0, tries.last + needed - now)

    def wrong(self, client: str, now: int) -> None:
        """Note a wrong token."""
        network = _network(client)
        tries = self._clients.setdefault(network, _Tries())
        tries.wrong = 1 if now - tries.last > FORGOTTEN else tries.wrong + 1
        tries.last = now
        self._clients.move_to_end(network)
        while len(self._clients) > MOST_CLIENTS:
            self._clients.popitem(last=False)

    def right(self, client: str) -> None:
        """Forget a client's wrong tokens."""
        self._clients.pop(_network(client), None)


class Gate:
    """Holds every request against the sessions; lets everybody through where none are asked."""

    def __init__(self, page: Page, sessions: Sessions) -> None:
        self._page = page
        self.sessions = sessions
        self.slow = SlowDown()

    def admit(self, scope: Scope) -> Response | None:
        """Return what to answer to who is not signed in, None for everybody else."""
        path: str = scope["path"]
        if not self.sessions.asked or path.startswith(OPEN) or path in PROBED:
            return None
        headers = Headers(scope=scope)
        now = self._page.clock.now()
        cookies = cookie_parser(headers.get("cookie", ""))
        session = cookies.get(self.sessions.cookie, "")
        if self.sessions.holds(session, now):
            if self.sessions.is_old(session, now) and headers.get("hx-request") != "true":
                kept = Response()
                self.set_cookie(kept, Request(scope), now)
                scope["state"][COOKIE] = kept.headers["set-cookie"]
            return None
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            self.check(client_of(scope), token.strip(), now)
            return None
        return self._sent_to_login(scope, headers)

    def set_cookie(self, answer: Response, request: Request, now: int) -> None:
        """Give this browser a session that begins now."""
        answer.set_cookie(
            self.sessions.cookie,
            self.sessions.begin(now),
            max_age=self.sessions.length // 1_000,
            httponly=True,
            samesite="lax",
            secure=_over_https(request, self._page),
        )

    def check(self, client: str, token: str, now: int) -> None:
        """Raise HTTPException unless this is a token, given by one who need not wait."""
        wait = self.slow.wait(client, now)
        if wait:
            seconds = math.ceil(wait / 1_000)
            raise HTTPException(
                429,
                f"Too many wrong tokens came from your address: wait {seconds} s.",
                headers={"Retry-After": str(seconds)},
            )
        if not self.sessions.is_token(token):
            self.slow.wrong(client, now)
            raise HTTPException(
                401, "That is not the token.", headers={"WWW-Authenticate": "Bearer"}
            )
        self.slow.right(client)

    def _sent_to_login(self, scope: Scope, headers: Headers) -> Response:
        wanted = asked_address(Request(scope)) if scope["method"] in {"GET", "HEAD"} else "/"
        if headers.get("hx-request") == "true":
            seen = urlsplit(headers.get("hx-current-url", ""))
            wanted = seen.path + (f"?{seen.query}" if seen.query else "")
            address = login_address(wanted)
            return PlainTextResponse("Sign in first.", 401, headers={"HX-Redirect": address})
        if "text/html" in headers.get("accept", ""):
            return RedirectResponse(login_address(wanted), 303)
        return PlainTextResponse(
            "Sign in first, or send the token: Authorization: Bearer TOKEN.\n",
            401,
            headers={"WWW-Authenticate": "Bearer"},
        )


def login_address(wanted: str) -> str:
    """Where to sign in and come back from."""
    safe = safe_next(wanted)
    return "/login" if safe == "/" else f"/login?next={quote(safe, safe='')}"


def safe_next(wanted: str) -> str:
    r"""Return a path of this page to go on to; "/" for whatever could lead elsewhere.

    >>> [safe_next(each) for each in ("/brands/KLM?range=6h", "//evil", "/\\evil", "https://evil")]
    ['/brands/KLM?range=6h', '/', '/', '/']
    """
    plain = wanted.isascii() and not any(ord(char) <= 0x20 or char in "\\\x7f" for char in wanted)
    if not plain or not wanted.startswith("/") or wanted.startswith("//") or len(wanted) > 2_000:
        return "/"
    if wanted.startswith(("/login", "/logout", "/events", "/static/")):
        return "/"
    return wanted


def client_of(scope: Scope) -> str:
    """The address a request comes from (a proxy's, where there is one)."""
    client = scope.get("client")
    return client[0] if client else "unknown"


def _network(client: str) -> str:
    """Whom to slow down: an IPv4 address, the usual network of an IPv6 one."""
    try:
        address = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:
        return client
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


router = APIRouter()


@router.get("/login", include_in_schema=False)
def login(request: Request, next: str = "/") -> Response:  # noqa: A002  # the parameter's name
    """Ask for the token."""
    gate: Gate = request.app.state.gate
    if not gate.sessions.asked:
        return RedirectResponse("/", 303)
    return _asked(page_of(request), safe_next(next))


@router.post("/login", include_in_schema=False)
async def sign_in(request: Request) -> Response:
    """Begin a session for who knows the token."""
    gate: Gate = request.app.state.gate
    page = page_of(request)
    if not gate.sessions.asked:
        return RedirectResponse("/", 303)
    form = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=8)
    wanted = safe_next(form.get("next", ["/"])[0])
    now = page.clock.now()
    try:
        gate.check(client_of(request.scope), form.get("token", [""])[0].strip(), now)
    except HTTPException as refused:
        await anyio.sleep(0.2)
        return _asked(page, wanted, refused)
    answer = RedirectResponse(wanted, 303)
    gate.set_cookie(answer, request, now)
    return answer


@router.post("/logout", include_in_schema=False)
def sign_out(request: Request) -> Response:
    """End this browser's session."""
    gate: Gate = request.app.state.gate
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(gate.sessions.cookie, httponly=True, samesite="lax")
    return answer


def _asked(page: Page, wanted: str, refused: HTTPException | None = None) -> Response:
    said = "" if refused is None else refused.detail
    text = page.html("login.html", next=wanted, wrong=said)
    headers = dict(refused.headers or {}) if refused else {}
    headers.pop("WWW-Authenticate", None)
    status = 200 if refused is None else refused.status_code
    return Response(text, status, headers=headers, media_type="text/html; charset=utf-8")


def _over_https(request: Request, page: Page) -> bool:
    """Whether the browser speaks https to us, or to a proxy before us."""
    if request.url.scheme == "https":
        return True
    public = urlsplit(page.settings.public_url)
    return (
        public.scheme == "https"
        and public.hostname == urlsplit(f"//{request.headers.get('host', '')}").hostname
    )
