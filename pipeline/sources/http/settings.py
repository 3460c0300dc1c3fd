"""What the HTTP door is told: its sources, who may come in, and how much at once."""

import ipaddress
from typing import TYPE_CHECKING

import msgspec

from pipeline.decoding import SourceDefaults
from pipeline.errors import SettingsError
from pipeline.sources.http.signature import signing_key

if TYPE_CHECKING:
    from pipeline.settings.secrets import Secret

DEFAULT_SOURCE = "http"


class Limits(msgspec.Struct, frozen=True):
    """How much one request, and all together, may ask for; times in milliseconds.

    `body_bytes` bounds the body as sent and as inflated. `body_time` is for reading a whole body,
    `head_time` for the lines before it, `commit_time` for the log to confirm. `in_flight_bytes`
    bounds the bodies held at one moment: whoever comes beyond it is told to come again.
    """

    body_bytes: int = 5 * 1024 * 1024
    mentions: int = 5_000
    head_time: int = 10_000
    body_time: int = 30_000
    commit_time: int = 60_000
    connections: int = 512
    in_flight_bytes: int = 64 * 1024 * 1024
    readers: int = 2
    """Threads that read bodies; one is at work on one body at a time."""


class HttpSource(msgspec.Struct, frozen=True):
    """One source that delivers through the door; credentials of its own outrank the door's."""

    defaults: SourceDefaults
    secrets: "tuple[Secret, ...]" = ()
    tokens: "tuple[Secret, ...]" = ()

    @property
    def name(self) -> str:
        """What the source is called, in `?source=` too."""
        return self.defaults.source


class Credentials(msgspec.Struct, frozen=True):
    """Keys a signature may be made with, and tokens a bearer may show; any one of them will do."""

    keys: tuple[bytes, ...]
    tokens: tuple[bytes, ...]

    def __bool__(self) -> bool:
        return bool(self.keys or self.tokens)


class HttpSettings(msgspec.Struct, frozen=True):
    """Everything `build_app` needs to know.

    A request without `?source=` and without a source's own credentials is of the source called
    `http`, or of the only one. `secrets` are for signatures (Standard Webhooks: `whsec_` and
    base64), `tokens` for bearers. With `event_time` the log is an event log, and
    `POST /v1/end` ends the input.

    Raises SettingsError for a secret that cannot be used or two sources of one name.
    """

    sources: tuple[HttpSource, ...] = (HttpSource(SourceDefaults(DEFAULT_SOURCE)),)
    secrets: "tuple[Secret, ...]" = ()
    tokens: "tuple[Secret, ...]" = ()
    limits: Limits = Limits()
    event_time: bool = False

    def __post_init__(self) -> None:
        names = [source.name for source in self.sources]
        if not names:
            raise SettingsError("the HTTP door has no source: configure one of kind http")
        for name in names:
            if names.count(name) > 1:
                raise SettingsError(f"two HTTP sources are called {name!r}: rename one")
        _credentials("the HTTP door", self.secrets, self.tokens)
        for source in self.sources:
            _credentials(f"source {source.name!r}", source.secrets, source.tokens)

    @property
    def default_source(self) -> HttpSource:
        """The source of requests that name none."""
        for source in self.sources:
            if source.name == DEFAULT_SOURCE:
                return source
        return self.sources[0]

    @property
    def door(self) -> Credentials:
        """The credentials that hold for every source without its own."""
        return _credentials("the HTTP door", self.secrets, self.tokens)

    def credentials(self, source: HttpSource) -> Credentials:
        """Whatever opens the door for this source; empty: it stands open."""
        return _credentials(f"source {source.name!r}", source.secrets, source.tokens) or self.door

    @property
    def guarded(self) -> bool:
        """Whether no source can be delivered to without a secret."""
        return all(self.credentials(source) for source in self.sources)


def _credentials(
    where: str, secrets: "tuple[Secret, ...]", tokens: "tuple[Secret, ...]"
) -> Credentials:
    return Credentials(
        tuple(signing_key(secret.reveal(), where) for secret in secrets),
        tuple(bearer_token(token, where) for token in tokens),
    )


def bearer_token(token: "Secret", where: str) -> bytes:
    """Return a token as it stands in a header.

    Raises SettingsError, naming `where` and never the token, when it cannot stand there.
    """
    value = token.reveal().strip()
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise SettingsError(
            f"{where}: a bearer token is printable ASCII without blanks; make one with"
            " `openssl rand -hex 32`"
        )
    return value.encode()


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone.

    >>> [is_loopback(host) for host in ("localhost", "127.0.0.9", "[::1]", "0.0.0.0", "")]
    [True, True, True, False, False]
    """
    if host.lower().removesuffix(".") == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return address.is_loopback


def check_binding(host: str, has_secret: bool) -> None:  # noqa: FBT001  # reads as the sentence it is
    """Raise SettingsError when the door would stand open to other machines.

    `has_secret` is `HttpSettings.guarded`: every source asks for a secret.
    """
    if not has_secret and not is_loopback(host):
        raise SettingsError(
            f"the HTTP door would listen on {host!r}, where other machines can reach it, and a"
            " source asks for no secret: give every HTTP source or [ingest] one, or listen on"
            " 127.0.0.1"
        )
