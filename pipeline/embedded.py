"""The embedded engine: one log, one fold, one transaction a checkpoint.

An `Engine` belongs to one thread. Killing the process at any point loses nothing that was
answered for and counts nothing twice: what is appended is on disk before it is answered for, and
rows, outputs and the folded offset move in one transaction.
"""

from collections.abc import Callable, Sequence

import msgspec

from pipeline.clock import stopwatch
from pipeline.folding.brand import BrandRow
from pipeline.folding.fold import Fold
from pipeline.folding.records import FoldSettings, PartitionRow
from pipeline.folding.windows import Chunk
from pipeline.intake import Batch, Disposition, Receipt
from pipeline.log import LogKind, SqliteLog
from pipeline.mention import Mention, Rejected, RejectedReason
from pipeline.timed_judge import TimedJudge
from pipeline.wire import (
    MAX_ENTRIES,
    VERSION,
    JudgedEnvelope,
    MentionsRecord,
    NewerVersionError,
    SignalsRecord,
    Tick,
    WireError,
    decode_mentions,
)
from pipeline.writing import Writer

FOLDS_FOR = 0.5
"""Seconds after which a checkpoint is made, however few records were folded until then."""
RECORDS_AT_ONCE = 256
"""Records folded before a checkpoint: at most some 50,000 mentions, usually far fewer."""


class Folded(msgspec.Struct, frozen=True):
    """What one checkpoint moved: records and mentions folded, and what came of them."""

    records: int
    mentions: int
    signals: int
    judged: int


class _Checkpoint(msgspec.Struct, frozen=True):
    """Everything that one checkpoint writes, kept until it is written."""

    folded: int
    partition: PartitionRow
    brands: list[BrandRow]
    chunks: list[tuple[str, Chunk]]
    drop_before: int
    signals: list[SignalsRecord]
    judged: list[JudgedEnvelope]
    rejected: list[Rejected]


class Engine:
    """Appends what sources hand over, and folds it."""

    def __init__(
        self,
        log: SqliteLog,
        settings: FoldSettings,
        judge: TimedJudge,
        writer: Writer,
        languages: Callable[[str], tuple[str, ...]],
    ) -> None:
        self.log = log
        self.writer = writer
        self.judge = judge
        self._settings = settings
        rows = log.fold_rows()
        if rows is None:
            self.fold = Fold(settings, judge, languages)
            self.folded = 0
        else:
            self.fold = Fold(settings, judge, languages, rows.partition, rows.brands)
            self.folded = rows.folded
        writer.resume(_since_last_tick(log))
        self._pending: _Checkpoint | None = None

    @property
    def event_mode(self) -> bool:
        """Whether the mentions themselves move time."""
        return self.log.kind is LogKind.EVENT

    # -- appending -------------------------------------------------------------------------

    def submit(self, batch: Batch, compose: Callable[[Receipt], bytes], at: int) -> bytes:
        """Append a batch and its answer in one transaction; a repeat gets the first answer."""
        (answer,) = self.submit_all([(batch, compose)], at)
        return answer

    def submit_all(
        self, batches: Sequence[tuple[Batch, Callable[[Receipt], bytes]]], at: int
    ) -> list[bytes]:
        """Append several batches in one transaction, as if one after the other."""
        answers: list[bytes] = []
        mark = self.writer.mark()
        try:
            with self.log.transaction():
                for batch, compose in batches:
                    answers.append(self._append(batch, compose, at))
        except BaseException:
            self.writer.back_to(mark)
            raise
        return answers

    def _append(self, batch: Batch, compose: Callable[[Receipt], bytes], at: int) -> bytes:
        if batch.request_id:
            first = self.log.answer(batch.request_id)
            if first is not None:
                return first
        if not batch.mentions and not batch.rejected and not self.event_mode:
            self.writer.deliver(batch.source, at)  # asked, and there was nothing
        dispositions = tuple([self._place(mention) for mention in batch.mentions])
        self.log.append(self.writer.take(), at)
        if batch.rejected:
            self.log.rejections.keep(batch.rejected, at)
        answer = compose(Receipt(dispositions))
        if batch.request_id:
            self.log.keep_answer(batch.request_id, answer, at)
        return answer

    def _place(self, mention: Mention) -> Disposition:
        disposition = self.writer.add(mention)
        if disposition is Disposition.ACCEPTED and self.fold.would_be_late(
            mention.source, mention.event_time
        ):
            return Disposition.LATE
        return disposition

    def tick(self, now: int, *, catching_up: bool = False, retired: bool = False) -> None:
        """Write a tick of the clock."""
        self.writer.tick(now, catching_up=catching_up, retired=retired)
        self._write_records(now)

    def end_of_input(self, at: int) -> None:
        """Move an event log's time past its last mention."""
        self.writer.end_of_input()
        self._write_records(at)

    def _write_records(self, at: int) -> None:
        mark = self.writer.mark()
        try:
            with self.log.transaction():
                self.log.append(self.writer.take(), at)
        except BaseException:
            self.writer.back_to(mark)
            raise

    # -- folding ---------------------------------------------------------------------------

    def fold_some(self, records: int = RECORDS_AT_ONCE) -> Folded | None:
        """Fold some records and commit them; None when there is nothing to fold.

        When the commit fails (LogUnavailable) what was folded is kept, and written first at the
        next call.
        """
        if self._pending is not None:
            return self._commit(self._pending, 0)
        found = self.log.records(self.folded, records)
        if not found:
            return None
        rejected: list[Rejected] = []
        mentions = 0
        count = 0
        until = stopwatch() + FOLDS_FOR
        for offset, body in found:
            record = self._decode(offset, body, rejected)
            if record is not None:
                if not isinstance(record, Tick):
                    mentions += len(record.entries)
                self.fold.apply(record)
            self.folded = offset
            count += 1
            if stopwatch() >= until:
                break
        out = self.fold.take()
        changed = self.fold.changed()
        self._pending = _Checkpoint(
            self.folded,
            self.fold.row(),
            [brand.row() for brand in changed],
            [(brand.name, chunk) for brand in changed for chunk in brand.seen.new_chunks()],
            self.fold.digests_from,
            out.signals,
            [
                JudgedEnvelope(VERSION, out.judged[start : start + MAX_ENTRIES])
                for start in range(0, len(out.judged), MAX_ENTRIES)
            ],
            rejected,
        )
        return self._commit(self._pending, mentions, count)

    def fold_all(self) -> int:
        """Fold everything there is; return how many mentions that were."""
        mentions = 0
        while (folded := self.fold_some()) is not None:
            mentions += folded.mentions
        return mentions

    def _commit(self, pending: _Checkpoint, mentions: int, records: int = 0) -> Folded:
        with self.log.transaction():
            self.log.commit_fold(
                pending.folded,
                pending.partition,
                pending.brands,
                pending.chunks,
                pending.drop_before,
                pending.signals,
                pending.judged,
            )
            if pending.rejected:
                self.log.rejections.keep(pending.rejected, pending.partition.time or 0)
        self._pending = None
        return Folded(records, mentions, len(pending.signals), len(pending.judged))

    def _decode(self, offset: int, body: bytes, rejected: list[Rejected]) -> MentionsRecord | None:
        try:
            return decode_mentions(body)
        except WireError as error:
            reason = (
                RejectedReason.NEWER_VERSION
                if isinstance(error, NewerVersionError)
                else RejectedReason.UNDECODABLE
            )
            rejected.append(Rejected(reason, f"log:{offset}", str(error), body))
            return None


def _since_last_tick(log: SqliteLog) -> list[MentionsRecord]:
    found: list[MentionsRecord] = []
    for body in log.records_backwards():
        try:
            record = decode_mentions(body)
        except WireError:
            continue
        found.append(record)
        if isinstance(record, Tick):
            break
    found.reverse()
    return found
