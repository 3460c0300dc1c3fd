"""What came of one attempt to deliver."""

from enum import StrEnum

import msgspec


class Result(StrEnum):
    """How an attempt ended; it goes to the ledger and to metric labels.

    `delivered`: the other side confirmed. `refused`: it answered that it never will take it.
    `unconfirmed`: no good answer came in time, so it may or may not have it. `deferred`: it asks
    to come back later.
    """

    DELIVERED = "delivered"
    REFUSED = "refused"
    UNCONFIRMED = "unconfirmed"
    DEFERRED = "deferred"

    @property
    def is_final(self) -> bool:
        """Whether another attempt could change nothing."""
        return self in {Result.DELIVERED, Result.REFUSED}


class Answer(msgspec.Struct, frozen=True):
    """The result, a sentence for the ledger, and how long the other side asks to wait.

    `detail` holds no secret and no text the other side chose. `retry_after` is in milliseconds.
    """

    result: Result
    detail: str
    retry_after: int | None = None
