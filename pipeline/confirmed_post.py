"""Posts to a running monitor until it confirms, or refuses for good, or patience ends."""

from typing import Self

import httpx
import msgspec
import stamina

from pipeline.clock import Clock
from pipeline.errors import EnvironmentProblem, SettingsError
from pipeline.settings.secrets import Secret
from pipeline.settings.text import visible
from pipeline.sources.http.content import NDJSON
from pipeline.sources.http.settings import bearer_token
from pipeline.sources.http.signature import sign, signing_key

MENTIONS_PATH = "/v1/mentions"
END_PATH = "/v1/end"

_LONGEST_WISH = 60.0
_WORTH_REPEATING = frozenset({408, 425, 429})
_SHOWN = 200


NO_EVENT_LOG = 409
"""What a monitor by the clock says of an end of input: it knows none, and that is fine."""


class Patience(msgspec.Struct, frozen=True):
    """How long one batch is repeated before giving up, and the waits between; seconds."""

    give_up: float = 300.0
    first_wait: float = 0.1
    longest_wait: float = 5.0
    jitter: float = 0.2
    connect: float = 5.0
    answer: float = 90.0


class Target(msgspec.Struct, frozen=True):
    """Where to send, and what to show there: a signing secret, a bearer token, or nothing.

    `url` is the monitor's address (`http://127.0.0.1:8080`), with `/v1/mentions` or without;
    `?source=NAME` names the source.
    """

    url: str
    secret: Secret | None = None
    token: Secret | None = None


class _Problem(msgspec.Struct):
    detail: str


class _UnconfirmedError(Exception):
    """Nobody confirmed; `wait` is what the other side asked for, in seconds."""

    def __init__(self, what: str, wait: float | None = None) -> None:
        super().__init__(what)
        self.wait = wait


_PROBLEMS = msgspec.json.Decoder(_Problem)


class Sender:
    """One connection to a monitor, made anew as often as it takes.

    Raises SettingsError for an address or credentials that cannot be used.
    """

    def __init__(self, target: Target, patience: Patience, clock: Clock) -> None:
        self._patience = patience
        self._clock = clock
        self._url = _address(target.url)
        self._token = None if target.token is None else bearer_token(target.token, "the sender")
        self._key = (
            None if target.secret is None else signing_key(target.secret.reveal(), "the sender")
        )
        self._client = httpx.Client(
            timeout=httpx.Timeout(patience.answer, connect=patience.connect),
            headers={"user-agent": "crisis-monitor", "content-type": NDJSON},
            follow_redirects=False,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def confirmed(self, path: str, request_id: str, body: bytes) -> tuple[bytes, int]:
        """Post until it is confirmed; return the answer and how often it had to be repeated.

        What is not confirmed (no connection, no whole answer, 5xx, 408, 425, 429) is posted again
        with the same id, later and later, or when Retry-After says. Raises EnvironmentProblem
        after `patience.give_up` seconds, SettingsError when the other side refuses for good.
        """
        patience = self._patience
        number = 0
        try:
            for attempt in stamina.retry_context(
                on=_wait,
                attempts=None,
                timeout=patience.give_up,
                wait_initial=patience.first_wait,
                wait_max=patience.longest_wait,
                wait_jitter=patience.jitter,
            ):
                with attempt:
                    number = attempt.num
                    answer = self._answer(path, request_id, body)
        except _UnconfirmedError as error:
            raise EnvironmentProblem(
                f"{self._shown} did not confirm for {patience.give_up:g} s (last: {error}); what it"
                " confirmed it keeps: start the same command again to go on"
            ) from None
        return answer, number - 1

    def _answer(self, path: str, request_id: str, body: bytes) -> bytes:
        url = self._url.copy_with(path=self._url.path.rstrip("/") + path)
        try:
            answer = self._client.post(url, content=body, headers=self._headers(request_id, body))
        except httpx.UnsupportedProtocol:
            raise SettingsError(f"{self._shown}: write the address as http://HOST:PORT") from None
        except httpx.RequestError as error:
            raise _UnconfirmedError(f"no connection: {type(error).__name__}") from None
        if answer.status_code == 200 or (path == END_PATH and answer.status_code == NO_EVENT_LOG):
            return answer.content
        if answer.status_code >= 500 or answer.status_code in _WORTH_REPEATING:
            raise _UnconfirmedError(f"answered {answer.status_code}", _wish(answer))
        raise SettingsError(f"{self._shown} refuses ({answer.status_code}): {_detail(answer)}")

    @property
    def _shown(self) -> str:
        """The address without what may be secret in it."""
        return visible(f"{self._url.scheme}://{self._url.netloc.decode('ascii', 'replace')}")

    def _headers(self, request_id: str, body: bytes) -> dict[str, str]:
        if self._key is not None:
            seconds = self._clock.now() // 1000
            return {
                "webhook-id": request_id,
                "webhook-timestamp": str(seconds),
                "webhook-signature": sign(self._key, request_id, seconds, body),
            }
        headers = {"idempotency-key": request_id}
        if self._token is not None:
            headers["authorization"] = f"Bearer {self._token.decode()}"
        return headers


def _wait(error: Exception) -> bool | float:
    if not isinstance(error, _UnconfirmedError):
        return False
    return True if error.wait is None else error.wait


def _wish(answer: httpx.Response) -> float | None:
    """Read what Retry-After asks for; a date or nonsense is no wish."""
    given = answer.headers.get("retry-after", "").strip()
    if not (given.isascii() and given.isdecimal()):
        return None
    return min(float(given[:6]), _LONGEST_WISH)


def _detail(answer: httpx.Response) -> str:
    """Return what a refusal says of itself, made safe to show."""
    try:
        detail = _PROBLEMS.decode(answer.content).detail
    except (msgspec.DecodeError, UnicodeError):
        detail = "no reason is given; is it a crisis-monitor that listens there?"
    return visible(detail, _SHOWN)


def _address(url: str) -> httpx.URL:
    try:
        address = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError):
        address = httpx.URL("")
    if address.scheme not in {"http", "https"} or not address.host or address.userinfo:
        raise SettingsError(
            "the address to send to is none: write http://HOST:PORT, for example"
            " http://127.0.0.1:8080, without a user or password"
        )
    path = address.path.rstrip("/").removesuffix(MENTIONS_PATH)
    return address.copy_with(path=path or "/", fragment=None)
