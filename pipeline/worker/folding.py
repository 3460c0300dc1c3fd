"""What the records of one partition become: folded, or dead letters; and what is said of it."""

from collections.abc import Callable

import msgspec
import structlog

from pipeline.errors import LogMismatch
from pipeline.folding.fold import Fold
from pipeline.log.kind import LogKind
from pipeline.wire import DeadLetter, Tick, WireError, decode_mentions
from pipeline.worker.outputs import Sayings, Stand, unfoldable, unreadable
from pipeline.worker.tools import Tools

_log = structlog.get_logger(__name__)


class Item(msgspec.Struct, frozen=True):
    """A record of the mentions topic; `acknowledge` is called once it is safe.

    `at` is when it was written, in ms.
    """

    offset: int
    value: bytes | None
    acknowledge: Callable[[], object] | None = None
    at: int | None = None


class Unfoldable(Exception):  # noqa: N818  # the fault is the record's
    """Folding raised at a record, which may be half folded: the state is of no more use."""


class Folding:
    """Remembers at which records folding raised: at the second time one is a dead letter."""

    def __init__(self, partition: int, tools: Tools) -> None:
        self._partition = partition
        self._tools = tools
        self._sayings = Sayings()
        self._failed: dict[int, str] = {}
        self._skipped: set[int] = set()

    def fold(self, fold: Fold, item: Item) -> int:
        """Fold a record; return how many mentions that were.

        Raises Unfoldable, and LogMismatch for a tick of the other kind of time.
        """
        raw = item.value or b""
        stand = Stand(self._tools.topics.mentions, self._partition, item.offset)
        now = self._tools.clock.now
        if item.offset in self._skipped:
            self._bury(unfoldable(self._failed[item.offset], raw, stand, now()))
            return 0
        try:
            record = decode_mentions(raw)
        except WireError as error:
            self._bury(unreadable(error, raw, stand, now()))
            return 0
        if isinstance(record, Tick) and record.event_time != self._tools.event_mode:
            raise LogMismatch(_other_kind(stand, event_time=record.event_time))
        try:
            fold.apply(record)
        except Exception as error:
            self._note(stand, error)
            raise Unfoldable from error
        out = fold.take()
        self._sayings.judge(out.judged, item.offset)
        self._sayings.signals.extend(out.signals)
        return 0 if isinstance(record, Tick) else len(record.entries)

    def said(self) -> Sayings:
        """What was said since the last call."""
        said, self._sayings = self._sayings, Sayings()
        return said

    def forget(self) -> None:
        """Forget what was said: it will be said again."""
        self._sayings = Sayings()

    def settled(self, offset: int) -> None:
        """Forget that folding failed at a record: it is confirmed now."""
        self._failed.pop(offset, None)
        self._skipped.discard(offset)

    def _bury(self, letter: DeadLetter) -> None:
        self._sayings.dead.append(letter)
        self._tools.meter.dead_letter(letter.rejected.reason)

    def _note(self, stand: Stand, error: Exception) -> None:
        again = stand.offset in self._failed
        self._failed[stand.offset] = type(error).__name__
        if again:
            self._skipped.add(stand.offset)
        _log.error(
            "record_cannot_be_folded",
            record=str(stand),
            error=type(error).__name__,
            now="it becomes a dead letter" if again else "it is tried once more",
            exc_info=(RuntimeError, RuntimeError("its text is left out"), error.__traceback__),
        )


def _other_kind(stand: Stand, *, event_time: bool) -> str:
    found = LogKind.EVENT if event_time else LogKind.CLOCK
    other = LogKind.CLOCK if event_time else LogKind.EVENT
    return (
        f"{stand} is a tick of {found} time, and this worker folds {other} time: the two cannot "
        f"be mixed. Set kafka.time = {found} (or --time {found}), or begin anew with another "
        "kafka.prefix and fresh stores"
    )
