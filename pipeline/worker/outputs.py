"""What a partition has to say, gathered until the next checkpoint sends it. Pure."""

import msgspec

from pipeline.mention import Rejected, RejectedReason
from pipeline.wire import (
    VERSION,
    DeadLetter,
    JudgedEntry,
    JudgedEnvelope,
    NewerVersionError,
    SignalsEnvelope,
    SignalsRecord,
    WireError,
    encode,
)

LARGEST = 512 * 1024
"""Bytes of one record of signals; more are several records."""


class Sayings:
    """Judged mentions, signals and dead letters since the last checkpoint, in order."""

    def __init__(self) -> None:
        self.judged: list[bytes] = []
        self.signals: list[SignalsRecord] = []
        self.dead: list[DeadLetter] = []

    def judge(self, entries: list[JudgedEntry], offset: int) -> None:
        """Add what came of the envelope at this offset of the mentions topic."""
        if entries:
            self.judged.append(encode(JudgedEnvelope(VERSION, entries, offset)))

    def signal_records(self, folded: int) -> list[bytes]:
        """The signals as records of the signals topic, none above `LARGEST` where possible."""
        return _packed(self.signals, folded) if self.signals else []

    def dead_records(self) -> list[bytes]:
        """The dead letters as records of the rejected topic."""
        return [encode(letter) for letter in self.dead]


def _packed(records: list[SignalsRecord], folded: int) -> list[bytes]:
    body = encode(SignalsEnvelope(VERSION, records, folded))
    if len(body) <= LARGEST or len(records) == 1:
        return [body]
    half = len(records) // 2
    return [*_packed(records[:half], folded), *_packed(records[half:], folded)]


class Stand(msgspec.Struct, frozen=True):
    """Where a record of the mentions topic stands."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}]:{self.offset}"


def unreadable(error: WireError, raw: bytes, stand: Stand, at: int) -> DeadLetter:
    """Make the dead letter of a record that cannot be decoded."""
    reason = (
        RejectedReason.NEWER_VERSION
        if isinstance(error, NewerVersionError)
        else RejectedReason.UNDECODABLE
    )
    return _letter(Rejected(reason, str(stand), str(error), raw), stand, at)


def unfoldable(error: str, raw: bytes, stand: Stand, at: int) -> DeadLetter:
    """Make the dead letter of a record at which folding failed twice; `error` names no text."""
    detail = f"folding it failed twice with {error}: see the worker's log, then replay or drop it"
    return _letter(Rejected(RejectedReason.UNFOLDABLE, str(stand), detail, raw), stand, at)


def _letter(rejected: Rejected, stand: Stand, at: int) -> DeadLetter:
    return DeadLetter(VERSION, rejected, at, stand.topic, stand.partition, stand.offset)
