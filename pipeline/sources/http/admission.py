"""Who may come in through the HTTP door, and for which source."""

import hmac
import re
from urllib.parse import urlsplit

import msgspec
from starlette.datastructures import Headers

from pipeline.sources.http.answers import Refused, RequestError
from pipeline.sources.http.settings import HttpSettings, HttpSource, is_loopback
from pipeline.sources.http.signature import TOLERANCE, signed_by_one_of

_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,256}")
_SECONDS = re.compile(r"[0-9]{1,12}")
_HARMLESS_SITES = frozenset({"", "none", "same-origin"})


class Admitted(msgspec.Struct, frozen=True):
    """A request that may come in: its source, and the id it brought (empty: none)."""

    source: HttpSource
    request_id: str


class Unsigned(msgspec.Struct, frozen=True):
    """A request whose signature can be checked only once its body is there."""

    sources: tuple[HttpSource, ...]
    signatures: str
    request_id: str
    seconds: int


class Admission:
    """Decides who comes in."""

    def __init__(self, settings: HttpSettings) -> None:
        self._guarded = settings.guarded
        self._sources = {source.name: source for source in settings.sources}
        self._credentials = {
            source.name: settings.credentials(source) for source in settings.sources
        }
        default = settings.default_source
        self._unnamed = (
            default,
            *(
                source
                for source in settings.sources
                if source is not default and (source.secrets or source.tokens)
            ),
        )

    def check_page(self, headers: Headers) -> None:
        """Refuse what a page in a browser of this machine was made to send; RequestError 403.

        Where a source asks for no secret, being on this machine is all that counts.
        """
        if self._guarded:
            return
        if from_foreign_page(headers):
            raise RequestError(
                403,
                Refused.FOREIGN_PAGE,
                "while no secret is configured only programs of this machine are heard, under the"
                " name localhost or 127.0.0.1, and no web page",
            )

    def before_body(self, headers: Headers, name: str | None, now: int) -> Admitted | Unsigned:
        """Let in a bearer, or anyone where the door stands open; a signed request must wait.

        `name` is the source asked for, if any; `now` in milliseconds. Raises RequestError: 404
        for an unknown source, 401 for who shows nothing that could do, 400 for an unusable id.
        """
        sources = self._asked(name)
        tokens = any(self._credentials[source.name].tokens for source in sources)
        keys = any(self._credentials[source.name].keys for source in sources)
        signed = keys and "webhook-signature" in headers
        shown = _bearer(headers)
        if tokens and shown is not None:
            for source in sources:
                if _is_one_of(shown, self._credentials[source.name].tokens):
                    return Admitted(source, _request_id(headers))
            if not signed:
                raise _unauthenticated("this bearer token is not known for this source")
        if signed:
            return _unsigned(sources, headers, now)
        for source in sources:
            if not self._credentials[source.name]:
                return Admitted(source, _request_id(headers))
        raise _unauthenticated("show a bearer token, or sign the request (Standard Webhooks)")

    def after_body(self, unsigned: Unsigned, body: bytes) -> Admitted:
        """Check a signature over the body as it was sent; RequestError 401 when none fits."""
        for source in unsigned.sources:
            if signed_by_one_of(
                self._credentials[source.name].keys,
                unsigned.signatures,
                unsigned.request_id,
                unsigned.seconds,
                body,
            ):
                return Admitted(source, unsigned.request_id)
        raise _unauthenticated("webhook-signature: made with no secret of this source")

    def _asked(self, name: str | None) -> tuple[HttpSource, ...]:
        if name is None:
            return self._unnamed
        source = self._sources.get(name)
        if source is None:
            raise RequestError(
                404, Refused.UNKNOWN_SOURCE, "?source=: no HTTP source of this name is configured"
            )
        return (source,)


def from_foreign_page(headers: Headers) -> bool:
    """Whether a web page of another origin had a browser of this machine send a request.

    It comes under a name of its own that resolves to loopback (Host is then that name), or
    plainly from another site (Origin or Sec-Fetch-Site tells).
    """
    host = headers.get("host", "")
    origin = headers.get("origin")
    return (
        not is_loopback(_name_in(f"//{host}"))
        or (origin is not None and origin not in {f"http://{host}", f"https://{host}"})
        or headers.get("sec-fetch-site", "") not in _HARMLESS_SITES
    )


def _unauthenticated(detail: str) -> RequestError:
    return RequestError(401, Refused.UNAUTHENTICATED, detail)


def _bearer(headers: Headers) -> bytes | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip().encode("utf-8", "surrogatepass") if scheme.lower() == "bearer" else None


def _is_one_of(shown: bytes, tokens: tuple[bytes, ...]) -> bool:
    found = False
    for token in tokens:
        found |= hmac.compare_digest(shown, token)
    return found


def _request_id(headers: Headers) -> str:
    given = headers.get("webhook-id") or headers.get("idempotency-key") or ""
    if given and not _REQUEST_ID.fullmatch(given):
        raise RequestError(
            400,
            Refused.REQUEST_ID,
            "the request id (webhook-id, Idempotency-Key) has at most 256 characters of printable"
            " ASCII and no blank",
        )
    return given


def _unsigned(sources: tuple[HttpSource, ...], headers: Headers, now: int) -> Unsigned:
    request_id = headers.get("webhook-id", "")
    seconds = headers.get("webhook-timestamp", "")
    if not _REQUEST_ID.fullmatch(request_id):
        raise _unauthenticated("webhook-id: missing, or not printable ASCII of 256 characters")
    if not _SECONDS.fullmatch(seconds):
        raise _unauthenticated("webhook-timestamp: not a number of seconds since 1970")
    if abs(now - int(seconds) * 1000) > TOLERANCE:
        raise _unauthenticated(
            "webhook-timestamp: more than 5 minutes from now; sign each attempt anew, and check"
            " the clocks"
        )
    return Unsigned(sources, headers["webhook-signature"], request_id, int(seconds))


def _name_in(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
