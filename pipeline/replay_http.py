"""Sends mentions to a running monitor over HTTP, in order, until each batch is confirmed."""

from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b

import msgspec

from pipeline.clock import Clock, SystemClock, stopwatch
from pipeline.confirmed_post import END_PATH, MENTIONS_PATH, Patience, Sender, Target
from pipeline.encoding import encode_json
from pipeline.errors import SettingsError
from pipeline.mention import Mention
from pipeline.settings.text import visible

__all__ = ["Patience", "Sent", "Target", "send"]

_MOST_BYTES = 4 * 1024 * 1024
"""Of a request's body, below what a monitor takes by default."""


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
    with Sender(target, patience or Patience(), clock or SystemClock()) as sender:
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
