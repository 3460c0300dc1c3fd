"""What stands in the logs: versioned envelopes, ticks, signals and judged mentions, in msgpack.

Every record is an array whose first element is its tag and whose second is its version, so that a
reader knows both before anything else. Elements added behind the known ones are ignored; a
version above the known one is refused (`NewerVersionError`), never half-read.
"""

from typing import Protocol, TypeVar

import msgspec

from detectors.observation import BucketState, Observation
from detectors.reading import Lane, Reading, Reason, Rule
from detectors.signal import Signal
from detectors.usual import Usual
from pipeline.judging.scorer import Judgement
from pipeline.mention import Mention, Rejected

VERSION = 1
MINUTE = 60_000
MAX_ENTRIES = 200
"""Most mentions of one envelope."""


class WireError(ValueError):
    """A record that cannot be read: damaged, or not one of ours."""


class NewerVersionError(WireError):
    """A record written by a newer version of this program."""


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One mention as it concerns one brand.

    `masks` are the flat character spans of every matched alias in the text. `first` is true in one
    of the copies of a mention that concerns several brands: sums over brands count it once.
    """

    mention: Mention
    brand: str
    masks: tuple[int, ...] = ()
    own: bool = False
    first: bool = True


class Envelope(msgspec.Struct, frozen=True, array_like=True, tag="envelope"):
    """At most 200 entries of one partition, in the order in which they were accepted."""

    version: int
    writer: str
    settings: str
    entries: list[Entry]


class NotingEnvelope(Envelope, frozen=True, array_like=True, tag="envelope"):
    """An envelope that also notes what was accepted and concerns no brand; to others an envelope.

    `nobody` holds, by source, the keys of such mentions (`pipeline.resuming.key_of`), `last_event`
    the greatest event time among them. Only its own writer reads it, when it is taken up.
    """

    nobody: dict[str, list[int]] = {}
    last_event: int = 0


class SourceTick(msgspec.Struct, frozen=True, array_like=True):
    """What one source gave since the writer's last tick, and how far it has delivered."""

    accepted: int = 0
    delivered_up_to: int | None = None


class Tick(msgspec.Struct, frozen=True, array_like=True, tag="tick"):
    """«What I accepted before `time` is in this partition», said by one writer.

    While `catching_up` is true time is not moved by this writer; `retired` says goodbye.
    """

    version: int
    writer: str
    time: int
    sources: dict[str, SourceTick] = {}
    catching_up: bool = False
    retired: bool = False
    event_time: bool = False
    """Whether the mentions move time in this log; the two kinds are never mixed."""


class TimeRecord(msgspec.Struct, frozen=True, array_like=True, tag="time"):
    """How far detection is: the partition's time, passed on to the signals log."""

    version: int
    time: int


class SignalRecord(msgspec.Struct, frozen=True, array_like=True, tag="signal"):
    """A signal on its way to the incident store."""

    version: int
    signal: Signal


class BucketRecord(msgspec.Struct, frozen=True, array_like=True, tag="bucket"):
    """A closed bucket as everything shown later reads it.

    `readings` and `usual` are packed (see `pack_reading`, `pack_usual`); `usual` is empty in
    records of before it was kept. `count` > 1: a run of unknown buckets.
    """

    version: int
    brand: str
    start: int
    length: int
    count: int
    state: BucketState
    observation: Observation
    readings: list[tuple[int, ...]]
    usual: tuple[int, ...] = ()


class JudgedEntry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A mention as folded: what it was judged to be and how it was counted."""

    brand: str
    mention: Mention
    judgement: Judgement
    copy: int
    bucket: int
    voice: bool = False
    own: bool = False
    delayed: bool = False
    late: bool = False
    masks: tuple[int, ...] = ()


class JudgedEnvelope(msgspec.Struct, frozen=True, array_like=True, tag="judged"):
    """The judged mentions of one envelope, in its order, repeats left out.

    `origin` is the offset of that envelope in its partition of the mentions log (Kafka): who reads
    keeps the last one applied and passes over those at or below it. -1: one log, read once.
    """

    version: int
    entries: list[JudgedEntry]
    origin: int = -1


MentionsRecord = Envelope | Tick
SignalsRecord = TimeRecord | SignalRecord | BucketRecord


class SignalsEnvelope(msgspec.Struct, frozen=True, array_like=True, tag="signals"):
    """What one checkpoint of a partition said, in its order: one record of the signals topic.

    `origin` is the offset of the last record of the mentions log it says something of. After a
    crash the same may be said again, in other envelopes: each record is applied once by its own
    id (signal: surge and seq; bucket: brand and start; time: never back).
    """

    version: int
    records: list[SignalsRecord]
    origin: int = -1


class DeadLetter(msgspec.Struct, frozen=True, array_like=True, tag="rejected"):
    """An input that is no mention, or a record that cannot be folded, with its bytes.

    `topic`, `partition`, `offset` say where it stood (empty and -1: it came to the door); its id is
    made from these, or from source, origin and bytes, so that it counts once however often it is
    met.
    """

    version: int
    rejected: Rejected
    at: int
    topic: str = ""
    partition: int = -1
    offset: int = -1


_encoder = msgspec.msgpack.Encoder()
encode = _encoder.encode
_mentions_decoder: "msgspec.msgpack.Decoder[MentionsRecord]" = msgspec.msgpack.Decoder(
    MentionsRecord
)
_own_decoder: "msgspec.msgpack.Decoder[NotingEnvelope | Tick]" = msgspec.msgpack.Decoder(
    NotingEnvelope | Tick
)
_signals_decoder: "msgspec.msgpack.Decoder[SignalsRecord]" = msgspec.msgpack.Decoder(SignalsRecord)
_judged_decoder = msgspec.msgpack.Decoder(JudgedEnvelope)
_envelope_decoder = msgspec.msgpack.Decoder(SignalsEnvelope)
_dead_decoder = msgspec.msgpack.Decoder(DeadLetter)


def decode_mentions(raw: bytes) -> MentionsRecord:
    """Read a record of the mentions log; raise WireError (NewerVersionError) with the reason."""
    return _read(_mentions_decoder, raw)


def decode_with_notes(raw: bytes) -> NotingEnvelope | Tick:
    """Read a record of the mentions log as its writer does; raise WireError with the reason."""
    return _read(_own_decoder, raw)


def decode_signals(raw: bytes) -> SignalsRecord:
    """Read a record of the signals log; raise WireError (NewerVersionError) with the reason."""
    return _read(_signals_decoder, raw)


def decode_judged(raw: bytes) -> JudgedEnvelope:
    """Read a record of the judged log; raise WireError (NewerVersionError) with the reason."""
    return _read(_judged_decoder, raw)


def decode_signals_envelope(raw: bytes) -> SignalsEnvelope:
    """Read a record of the signals topic; raise WireError (NewerVersionError) with the reason."""
    return _read(_envelope_decoder, raw)


def decode_dead_letter(raw: bytes) -> DeadLetter:
    """Read a record of the rejected topic; raise WireError (NewerVersionError) with the reason."""
    return _read(_dead_decoder, raw)


class _Versioned(Protocol):
    @property
    def version(self) -> int: ...


_Record = TypeVar("_Record", bound=_Versioned)


def _read(decoder: "msgspec.msgpack.Decoder[_Record]", raw: bytes) -> _Record:
    try:
        record = decoder.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _refusal(raw, error) from error
    if record.version > VERSION:
        raise NewerVersionError(_newer(record.version))
    return record


def _refusal(raw: bytes, error: Exception) -> WireError:
    try:
        head = msgspec.msgpack.decode(raw)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return WireError(f"not a record: {error}")
    match head:
        case [str(), int(version), *_] if version > VERSION:
            return NewerVersionError(_newer(version))
        case _:
            return WireError(f"not a record of this log: {error}")


def _newer(version: int) -> str:
    return f"record of version {version}; this program knows {VERSION}: upgrade it"


_RULES = tuple(Rule)
_LANES = tuple(Lane)
_REASONS = tuple(Reason)
_RULE_INDEX = {rule: index for index, rule in enumerate(_RULES)}
_LANE_INDEX = {lane: index for index, lane in enumerate(_LANES)}
_REASON_INDEX = {reason: index for index, reason in enumerate(_REASONS)}
_MOST = 10**9


def _hundredths(value: float) -> int:
    if -_MOST < value < _MOST:
        return round(value * 100)
    if value != value:  # noqa: PLR0124  # only NaN differs from itself
        return 0
    return _MOST * 100 if value > 0 else -_MOST * 100


def pack_reading(reading: Reading) -> tuple[int, ...]:
    """Pack a reading into twelve integers, numbers in hundredths.

    Rules, lanes and reasons go by their place in their enums: new ones are only ever appended.
    """
    return (
        _RULE_INDEX[reading.rule],
        _LANE_INDEX[reading.lane],
        _hundredths(reading.observed),
        _hundredths(reading.expected),
        reading.sample,
        _hundredths(reading.z),
        _hundredths(reading.tail),
        _hundredths(reading.evidence),
        _hundredths(reading.score),
        _hundredths(reading.threshold),
        reading.held,
        _REASON_INDEX[reading.reason],
    )


def unpack_reading(packed: tuple[int, ...]) -> Reading:
    """The reading `pack_reading` packed, to a hundredth; raise WireError for an unknown one."""
    try:
        rule, lane, observed, expected, sample, z, tail, evidence, score, threshold, held, why = (
            packed[:12]
        )
        return Reading(
            rule=_RULES[rule],
            lane=_LANES[lane],
            observed=observed / 100,
            expected=expected / 100,
            sample=sample,
            z=z / 100,
            tail=tail / 100,
            evidence=evidence / 100,
            score=score / 100,
            threshold=threshold / 100,
            held=held,
            reason=_REASONS[why],
        )
    except (ValueError, IndexError) as error:
        raise WireError(f"not a reading: {packed!r}") from error


def pack_usual(usual: Usual) -> tuple[int, ...]:
    """Pack what is usual into seven integers: counts in thousandths, sizes in tenths, minutes."""
    return (
        round(usual.voices * 1000),
        round(usual.voices_size * 10),
        round(usual.negatives * 1000),
        round(usual.negatives_size * 10),
        round(usual.share * 10_000),
        round(usual.share_size * 10),
        usual.learnt // MINUTE,
    )


def unpack_usual(packed: tuple[int, ...]) -> Usual | None:
    """What `pack_usual` packed, rounded as it says; None where it was not kept."""
    if len(packed) < 7:
        return None
    voices, voices_size, negatives, negatives_size, share, share_size, learnt = packed[:7]
    return Usual(
        voices / 1000,
        voices_size / 10,
        negatives / 1000,
        negatives_size / 10,
        share / 10_000,
        share_size / 10,
        learnt * MINUTE,
    )
