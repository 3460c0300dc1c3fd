"""Sends mentions to a running monitor over HTTP, in order, until each batch is confirmed."""

from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from typing import Self

import httpx
import msgspec
import stamina

from pipeline.clock import Clock, SystemClock, stopwatch
from pipeline.encoding import encode_json
from pipeline.errors import EnvironmentProblem, SettingsError
from pipeline.mention import Mention
from pipeline.settings.secrets import Secret
from pipeline.settings.text import visible
from pipeline.sources.http.content import NDJSON
from pipeline.sources.http.settings import bearer_token
from pipeline.sources.http.signature import sign, signing_key

MENTIONS_PATH = "/v1/mentions"
END_PATH = "/v1/end"

_MOST_BYTES = 4 * 1024 * 1024
_LONGEST_WISH = 60.0
_WORTH_REPEATING = frozenset({408, 425, 429})
_SHOWN = 200


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


class Sent(msgspec.Struct, frozen=True):
    """What was confirmed so far; `reasons` counts what was rejected, ignored or late by reason."""

    requests: int = 0
    repeats: int = 0
    mentions: int = 0
    accepted: int = 0
    rejected: int = 0
    ignored: int = 0
    late: int = 0
    seconds: float = 0.0
    reasons: dict[str, int] = {}

    def summary(self) -> str:
        """Say it in three lines at most.

        >>> print(Sent(2, 1, 900, 899, 1, 0, 0, 3.0, {"undated": 1}).summary())
        900 mentions sent in 2 requests, 1 repeated, in 3.0 s (300/s)
        899 accepted (0 late), 1 rejected, 0 ignored
        not taken as they came: undated 1
        """
        rate = f" ({self.mentions / self.seconds:.0f}/s)" if self.seconds > 0 else ""
        text = (
            f"{self.mentions} mentions sent in {self.requests} requests, {self.repeats} repeated,"
            f" in {self.seconds:.1f} s{rate}\n{self.accepted} accepted ({self.late} late),"
            f" {self.rejected} rejected, {self.ignored} ignored"
        )
        if self.reasons:
            named = ", ".join(f"{visible(name)} {count}" for name, count in self.reasons.items())
            text += f"\nnot taken as they came: {named}"
        return text


class _Line(msgspec.Struct):
    status: str
    reason: str | None = None


class _Answer(msgspec.Struct):
    accepted: int
    rejected: int
    ignored: int
    late: int
    results: list[_Line]


class _UnconfirmedError(Exception):
    """Nobody confirmed; `wait` is what the other side asked for, in seconds."""

    def __init__(self, what: str, wait: float | None = None) -> None:
        super().__init__(what)
        self.wait = wait


_ANSWERS = msgspec.json.Decoder(_Answer)


def send(  # noqa: PLR0913  # the knobs of one command
    chunks: Iterable[list[Mention]],
    target: Target,
    *,
    batch: int = 500,
    end: bool = True,
    progress: Callable[[Sent], None] = lambda _: None,
    patience: Patience | None = None,
    clock: Clock | None = None,
) -> Sent:
    """Send every mention in order, at most `batch` a request; return once all are on disk there.

    A request's id follows from its content and its place, so that a sender started again sends
    the same ids and nothing is counted twice; a batch never goes across two chunks. What was not
    confirmed (no connection, no whole answer, 5xx, 408, 425, 429) is sent again. With `end`
    the input of an event log is ended.

    Raises EnvironmentProblem when one batch was not confirmed for `patience.give_up`
    seconds, SettingsError for an address or credentials that cannot be used, or when the other
    side refuses for good.
    """
    with _Sender(target, patience or Patience(), clock or SystemClock()) as sender:
        started = stopwatch()
        sent = Sent()
        for index, body, count in _bodies(chunks, batch):
            answer, repeats = sender.confirmed(MENTIONS_PATH, _request_id(index, body), body)
            sent = _added(sent, _read(answer), count, repeats, stopwatch() - started)
            progress(sent)
        if end:
            _, repeats = sender.confirmed(END_PATH, "replay-end", b"")
            sent = msgspec.structs.replace(
                sent, repeats=sent.repeats + repeats, seconds=stopwatch() - started
            )
            progress(sent)
        return sent


def _bodies(chunks: Iterable[list[Mention]], batch: int) -> Iterator[tuple[int, bytes, int]]:
    """Yield each request's number, body and count of mentions."""
    index = 0
    for chunk in chunks:
        lines: list[bytes] = []
        size = 0
        for mention in chunk:
            line = encode_json(mention)
            if lines and (len(lines) == batch or size + len(line) + 1 > _MOST_BYTES):
                yield index, b"\n".join(lines), len(lines)
                index, lines, size = index + 1, [], 0
            lines.append(line)
            size += len(line) + 1
        if lines:
            yield index, b"\n".join(lines), len(lines)
            index += 1


def _request_id(index: int, body: bytes) -> str:
    return f"replay-{index}-{blake2b(body, digest_size=12).hexdigest()}"


class _Sender:
    """One connection that is made anew as often as it takes."""

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
        """Return the answer and how often the request had to be repeated."""
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
        if answer.status_code == 200:
            return answer.content
        if answer.status_code >= 500 or answer.status_code in _WORTH_REPEATING:
            raise _UnconfirmedError(f"answered {answer.status_code}", _wish(answer))
        raise SettingsError(
            f"{self._shown} refuses: {answer.status_code}, {visible(answer.text[:_SHOWN])}"
        )

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


def _read(content: bytes) -> _Answer:
    try:
        return _ANSWERS.decode(content)
    except (msgspec.DecodeError, UnicodeError):
        raise SettingsError(
            "what answers there is no crisis-monitor (its 200 says nothing of mentions): check the"
            " address"
        ) from None


def _added(sent: Sent, answer: _Answer, count: int, repeats: int, seconds: float) -> Sent:
    reasons = dict(sent.reasons)
    for line in answer.results:
        if line.reason is not None:
            reasons[line.reason] = reasons.get(line.reason, 0) + 1
    return Sent(
        requests=sent.requests + 1,
        repeats=sent.repeats + repeats,
        mentions=sent.mentions + count,
        accepted=sent.accepted + answer.accepted,
        rejected=sent.rejected + answer.rejected,
        ignored=sent.ignored + answer.ignored,
        late=sent.late + answer.late,
        seconds=seconds,
        reasons=reasons,
    )
