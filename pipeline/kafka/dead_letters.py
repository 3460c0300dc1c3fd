"""Dead letters sent again: to where they stood, or, of the door, to where they belong now.

What cannot double: each is marked as under way before anything is sent, so that a try that was
interrupted is not repeated by itself; a mention that came in all the same meanwhile is recognised
by its id within 60 minutes of its bucket, and one that is older is late and never counted.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, Self

import msgspec

from pipeline.brands import BrandMatcher
from pipeline.clock import Clock
from pipeline.confirmed_post import MENTIONS_PATH, Patience, Sender, Target
from pipeline.decoding import SourceDefaults, decode_json
from pipeline.encoding import encode_json
from pipeline.errors import PipelineError, SettingsError
from pipeline.kafka.confirmed_writes import CONFIRMED_WITHIN, ConfirmedWrites
from pipeline.kafka.connection import Connection
from pipeline.kafka.topics import Topics
from pipeline.log.kind import LogKind
from pipeline.log.rejections import StoredRejected
from pipeline.mention import Mention, Rejected
from pipeline.settings import Settings
from pipeline.wire import WireError, decode_mentions
from pipeline.writing import Writer

PATIENCE: Final = 4_000
"""Milliseconds in which a broker has to answer at first: somebody waits at a terminal."""
UNDER_WAY: Final = "being sent"
WRITER: Final = "rejected"
"""Who wrote the envelopes of what was rejected at the door: never ticks, so holds no time back."""


class _Result(msgspec.Struct, frozen=True):
    status: str
    reason: str | None = None
    detail: str | None = None


class _Answer(msgspec.Struct, frozen=True):
    results: tuple[_Result, ...]


_ANSWERS = msgspec.json.Decoder(_Answer)


def unreadable(stored: StoredRejected) -> str | None:
    """Why this program cannot read a record of the mentions topic either; None where it can."""
    try:
        decode_mentions(stored.rejected.raw)
    except WireError as error:
        return f"still not readable ({error})"
    return None


class _Post:
    """Hands what came to the door to an ingest process, under an id that it knows again."""

    def __init__(self, target: Target, clock: Clock) -> None:
        self._sender = Sender(target, Patience(give_up=CONFIRMED_WITHIN), clock)

    def close(self) -> None:
        """Let the connection go."""
        self._sender.__exit__()

    def post(self, id_: str, mention: Mention) -> str:
        """Send one mention; return what became of it."""
        body, _ = self._sender.confirmed(MENTIONS_PATH, f"rejected-{id_}", encode_json(mention))
        try:
            (result,) = _ANSWERS.decode(body).results
        except (msgspec.DecodeError, ValueError):
            raise SettingsError("what answers there is no ingest process: check --to") from None
        why = f" ({result.detail or result.reason})" if result.reason else ""
        return f"{result.status}{why}"


class Replay:
    """Tries dead letters again, one a call; made for one run and closed after it.

    `mark` writes an outcome down. A record of the mentions topic goes back as it was, if this
    program can read it; anything else is decoded as JSON, as the door does, and written by a
    writer of its own or handed to the ingest process at `target`. Raises what stands in the way
    of sending (BrokerUnavailable, EnvironmentProblem, SettingsError); it is marked as not
    confirmed then.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        mark: Callable[[str, str], object],
        target: Target | None = None,
    ) -> None:
        self._settings = settings
        self._topics = Topics(settings.kafka.prefix)
        self._clock = clock
        self._mark = mark
        self._writer = Writer(
            WRITER,
            BrandMatcher(settings.brands(), accept_unknown=settings.accepts_unknown_brands),
            bucket=settings.detection().bucket,
            event_mode=False,
            settings=settings.version,
            partitions=settings.kafka.partitions,
        )
        self._post = None if target is None else _Post(target, clock)
        self._writes = ConfirmedWrites(
            replace(Connection.of(settings.kafka), patience=PATIENCE),
            settings.kafka.compression,
            "crisis-monitor-rejected",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._writes.close()
        if self._post is not None:
            self._post.close()

    def __call__(self, stored: StoredRejected) -> str:
        """Try one; return the outcome; that of what is still no mention begins so: `rejected`."""
        if stored.topic == self._topics.mentions:
            return self._sent_back(stored)
        if stored.topic:
            return self._done(stored, f"rejected: a record of {stored.topic} cannot be sent again")
        one = self._decoded(stored)
        if isinstance(one, Rejected):
            return self._done(stored, f"rejected: {one.reason} ({one.detail})")
        return self._taken(stored, one)

    def _sent_back(self, stored: StoredRejected) -> str:
        why = unreadable(stored)
        if why is not None:
            return self._done(stored, f"rejected: {why}")
        raw = [(stored.partition, stored.rejected.raw)]
        return self._under_way(stored, lambda: f"sent again as {self._written(raw)}")

    def _taken(self, stored: StoredRejected, mention: Mention) -> str:
        if self._post is not None:
            post = self._post
            return self._under_way(stored, lambda: post.post(stored.id, mention))
        disposition = self._writer.add(mention)
        records = [(each.partition, each.body) for each in self._writer.take()]
        if not records:
            return self._done(stored, disposition.value)
        return self._under_way(stored, lambda: f"{disposition.value}, as {self._written(records)}")

    def _decoded(self, stored: StoredRejected) -> Mention | Rejected:
        rejected, now = stored.rejected, self._clock.now()
        event_mode = self._settings.kafka.time is LogKind.EVENT
        return decode_json(
            rejected.raw,
            origin=rejected.origin,
            defaults=SourceDefaults(rejected.source or WRITER),
            now=None if event_mode else now,
            ingested_at=now,
        )

    def _written(self, records: Sequence[tuple[int, bytes]]) -> str:
        """Write to the mentions topic; return where it came to stand."""
        stands = []
        for partition, body in records:
            (offset,) = self._writes.send(self._topics.mentions, partition, [(None, body)])
            stands.append(f"offset {offset} of partition {partition}")
        return ", ".join(stands)

    def _under_way(self, stored: StoredRejected, send: Callable[[], str]) -> str:
        self._mark(stored.id, UNDER_WAY)
        try:
            outcome = send()
        except PipelineError as error:
            self._mark(stored.id, f"not confirmed: {error}")
            raise
        return self._done(stored, outcome)

    def _done(self, stored: StoredRejected, outcome: str) -> str:
        self._mark(stored.id, outcome)
        return outcome
