"""The ends of the mentions topic: where a writer stands, and whether it may write at all."""

from collections.abc import Sequence
from typing import Final

import msgspec

from pipeline.errors import LogMismatch
from pipeline.kafka.looking import Bounds, Looker
from pipeline.log.kind import LogKind
from pipeline.resuming import OwnRecord, Standing, key_of, standing_of
from pipeline.wire import NotingEnvelope, Tick, WireError, decode_with_notes

FIRST_LOOK: Final = 256
"""Records of each partition read at once; twice as many each further time."""
CLOCK_LOOK: Final = 256
"""Records of each partition looked through in a clock log, where much may be others'."""


class _End(msgspec.Struct):
    """The end of one partition, as far as it has been read."""

    begin: int
    start: int
    end: int
    records: list[OwnRecord] = []

    @property
    def is_whole(self) -> bool:
        return self.start == self.begin

    @property
    def ticks(self) -> list[Tick]:
        return [each for each in self.records if isinstance(each, Tick)]

    def last(self, writer: str) -> int | None:
        """The time of this writer's last tick."""
        return next((each.time for each in reversed(self.ticks) if each.writer == writer), None)

    def reaches(self, writer: str, time: int | None, mentions: int) -> bool:
        """Whether enough of it has been read to take the writer up."""
        if self.is_whole:
            return True
        if time is None or not any(
            each.time <= time and each.writer == writer for each in self.ticks
        ):
            return False
        return len({key for record in self.records for key in _keys(record)}) >= mentions


def read_standing(  # noqa: PLR0913  # a place, and what is to be found there
    looker: Looker, topic: str, writer: str, kind: LogKind, *, bucket: int, mentions: int
) -> Standing:
    """Find out where a writer stands in a topic.

    `mentions`: so many before the end are looked at in each partition, at least as many as were
    under way at one time. Raises LogMismatch where the topic is of the other kind of time, or an
    event log of another writer.
    """
    ends = _read(looker, topic, writer, kind, mentions)
    check_kind(topic, [each.ticks for each in ends], writer, kind)
    clock = kind is LogKind.CLOCK
    cut = [(clock or each.begin > 0) and each.last(writer) is None for each in ends]
    return standing_of(writer, [each.records for each in ends], bucket, cut)


def check_kind(topic: str, ticks: Sequence[Sequence[Tick]], writer: str, kind: LogKind) -> None:
    """Raise LogMismatch where these ticks forbid to write this kind of time as this writer."""
    event_mode = kind is LogKind.EVENT
    for partition in ticks:
        for tick in partition:
            if tick.event_time is not event_mode:
                found = LogKind.EVENT if tick.event_time else LogKind.CLOCK
                raise LogMismatch(
                    f"the topic {topic} was written by {_MOVES[found]} and cannot be gone on with "
                    f'by {_MOVES[kind]}: set kafka.time = "{found}" (or --time {found}), or begin '
                    "anew with another kafka.prefix and fresh stores"
                )
            if event_mode and tick.writer != writer:
                raise LogMismatch(
                    f"the topic {topic} is an event log written by {tick.writer!r}, and an event "
                    f'log has one writer: set kafka.writer = "{tick.writer}" once that one has '
                    "ended, or begin anew with another kafka.prefix and fresh stores"
                )


_MOVES: Final = {
    LogKind.CLOCK: "the wall clock (clock)",
    LogKind.EVENT: "the mentions' own times (event)",
}


def _read(looker: Looker, topic: str, writer: str, kind: LogKind, mentions: int) -> list[_End]:
    bounds = looker.bounds(topic)
    ends = [_End(each.begin, each.end, each.end) for _, each in sorted(bounds.items())]
    step = CLOCK_LOOK if kind is LogKind.CLOCK else FIRST_LOOK
    while True:
        last = [each.last(writer) for each in ends if each.begin == 0 or each.last(writer)]
        known = [time for time in last if time is not None]
        time = min(known) if known and len(known) == len(last) else None
        short = [
            number for number, each in enumerate(ends) if not each.reaches(writer, time, mentions)
        ]
        if not short:
            return ends
        _read_on(looker, topic, {number: ends[number] for number in short}, step)
        if kind is LogKind.CLOCK:
            return ends
        step *= 2


def _read_on(looker: Looker, topic: str, ends: dict[int, _End], step: int) -> None:
    """Read so many records more of each, before those that were read."""
    spans = {
        number: Bounds(max(end.begin, end.start - step), end.start) for number, end in ends.items()
    }
    found: dict[int, list[OwnRecord]] = {number: [] for number in ends}
    for record in looker.records(topic, spans):
        if record.value is not None:
            try:
                found[record.partition].append(decode_with_notes(record.value))
            except WireError:
                continue  # a newer writer's, or damaged: not ours to judge
    for number, end in ends.items():
        end.records = found[number] + end.records
        end.start = spans[number].begin


def _keys(record: OwnRecord) -> list[int]:
    if isinstance(record, NotingEnvelope):
        return [key_of(entry.mention) for entry in record.entries]
    return []
