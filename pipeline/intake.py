"""The door between a source and the log: what is handed over, and what is promised back."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future  # noqa: TC003  # types are read at run time by readers
from enum import StrEnum
from typing import Protocol

import msgspec

from pipeline.mention import Mention, Rejected


class Disposition(StrEnum):
    """What became of one accepted mention."""

    ACCEPTED = "accepted"
    LATE = "accepted, late: stored, not counted"
    NO_BRAND = "ignored: concerns no configured brand"


class Batch(msgspec.Struct, frozen=True):
    """What one request, or one read of a source, hands over: written as one, or not at all.

    `request_id` makes a repeat recognisable for 24 h (empty: no such promise is wanted).
    """

    source: str
    mentions: Sequence[Mention]
    rejected: Sequence[Rejected] = ()
    request_id: str = ""


class Receipt(msgspec.Struct, frozen=True):
    """One disposition for each mention of the batch, in its order."""

    dispositions: tuple[Disposition, ...]


class Intake(Protocol):
    """Where sources hand mentions over; thread-safe."""

    def submit(self, batch: Batch, compose: Callable[[Receipt], bytes]) -> "Future[bytes]":
        """Write the batch; the future ends once it is committed to disk.

        It yields `compose(receipt)`, or, for a `request_id` seen in the last 24 h, the answer that
        was given the first time. It raises `pipeline.errors.LogUnavailable` when the
        log cannot be written: then nothing of the batch was kept.
        """
        ...

    def end_of_input(self, source: str) -> "Future[bytes]":
        """Tell an event log that this source has no more: time moves past the last mention."""
        ...

    def retry_after(self) -> float | None:
        """Seconds a sender should wait because the log is behind, None when it is not."""
        ...
