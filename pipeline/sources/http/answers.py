"""What the HTTP door answers: a result for each line, or one reason for the whole request."""

from collections.abc import Callable, Sequence
from enum import StrEnum

import msgspec

from pipeline.intake import Disposition, Receipt
from pipeline.mention import Mention, Rejected

JSON = "application/json"


class Status(StrEnum):
    """What became of a line."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    IGNORED = "ignored"


class LineResult(msgspec.Struct, frozen=True):
    """What became of one line; `reason` and `detail` are null when there is nothing to add."""

    line: int
    status: Status
    reason: str | None = None
    detail: str | None = None


class Answer(msgspec.Struct, frozen=True):
    """The answer to a request that was taken; `late` ones are among the accepted."""

    accepted: int
    rejected: int
    ignored: int
    late: int
    results: tuple[LineResult, ...]


class Refused(StrEnum):
    """Why a whole request was not taken.

    Nothing of it was kept; only of UNAVAILABLE and FAULT some may be on its way to the log.
    """

    UNAUTHENTICATED = "unauthenticated"
    FOREIGN_PAGE = "foreign_page"
    UNKNOWN_SOURCE = "unknown_source"
    REQUEST_ID = "request_id"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many_mentions"
    TOO_SLOW = "too_slow"
    BUSY = "busy"
    ENCODING = "content_encoding"
    MALFORMED = "malformed"
    BEHIND = "log_behind"
    UNAVAILABLE = "log_unavailable"
    NO_EVENT_LOG = "no_event_log"
    NOT_FOUND = "not_found"
    METHOD = "method_not_allowed"
    FAULT = "fault"


class RequestError(Exception):
    """A request refused as a whole, with its HTTP status and words for the sender."""

    def __init__(
        self,
        status: int,
        reason: Refused,
        detail: str,
        *,
        retry_after: float | None = None,
        close: bool = False,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.reason = reason
        self.detail = detail
        self.retry_after = retry_after
        self.close = close


class _Problem(msgspec.Struct, frozen=True):
    error: Refused
    detail: str


_ENCODER = msgspec.json.Encoder()

_RESULTS = {
    Disposition.ACCEPTED: (Status.ACCEPTED, None, None),
    Disposition.LATE: (Status.ACCEPTED, "late", Disposition.LATE.value),
    Disposition.NO_BRAND: (Status.IGNORED, "no_brand", Disposition.NO_BRAND.value),
}


def problem(reason: Refused, detail: str) -> bytes:
    """Write the JSON answer of a refused request."""
    return _ENCODER.encode(_Problem(reason, detail))


def composer(
    lines: Sequence[int], read: Sequence[Mention | Rejected]
) -> Callable[[Receipt], bytes]:
    """Return what turns the log's receipt into the answer.

    `lines` are the numbers of what was `read`, in its order; the receipt has one disposition for
    each mention among them, else ValueError.
    """

    def compose(receipt: Receipt) -> bytes:
        dispositions = iter(receipt.dispositions)
        results = []
        for line, one in zip(lines, read, strict=True):
            if isinstance(one, Rejected):
                results.append(LineResult(line, Status.REJECTED, one.reason, one.detail))
                continue
            disposition = next(dispositions, None)
            if disposition is None:
                raise ValueError("the receipt names fewer mentions than were handed over")
            results.append(LineResult(line, *_RESULTS[disposition]))
        if next(dispositions, None) is not None:
            raise ValueError("the receipt names more mentions than were handed over")
        return _ENCODER.encode(_counted(results))

    return compose


def _counted(results: list[LineResult]) -> Answer:
    counts = dict.fromkeys(Status, 0)
    late = 0
    for result in results:
        counts[result.status] += 1
        late += result.reason == "late"
    return Answer(
        accepted=counts[Status.ACCEPTED],
        rejected=counts[Status.REJECTED],
        ignored=counts[Status.IGNORED],
        late=late,
        results=tuple(results),
    )
