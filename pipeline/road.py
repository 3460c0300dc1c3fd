"""The whole road in one thread: a source that is read to its end, folded, stored, alerted.

For replays, backtests and the demonstration; a running service has threads instead.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from pipeline.alerting import Alerting
from pipeline.embedded import Engine
from pipeline.intake import Batch, Disposition, Receipt
from pipeline.mention import Mention, Rejected
from pipeline.stores import BucketTable, MentionStore, consume_buckets, consume_mentions

AT_ONCE = 5_000
"""Mentions appended and folded in one go."""


class Stores:
    """The stores of a data directory, and the consumers that fill them."""

    def __init__(self, directory: Path, *, durable: bool = True) -> None:
        self.mentions = MentionStore(directory, durable=durable)
        self.buckets = BucketTable(directory, durable=durable)

    def close(self) -> None:
        """Close the files."""
        self.mentions.close()
        self.buckets.close()


class Road:
    """Moves mentions from a source to the stores and the people's side.

    `stores` and `alerting` may be left out; what is there is kept level with the fold at each
    step, so that a page finds its samples. `ignored` counts the mentions that concern no
    configured brand.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        stores: Stores | None = None,
        alerting: Alerting | None = None,
        at_once: int = AT_ONCE,
    ) -> None:
        self.engine = engine
        self.ignored = 0
        self._stores = stores
        self._alerting = alerting
        self._at_once = at_once
        self._mentions: list[Mention] = []
        self._rejected: list[Rejected] = []

    def travel(
        self,
        chunks: Iterator[list[Mention | Rejected]],
        *,
        source: str,
        at: Callable[[], int],
        moved: Callable[[int], None] = lambda _: None,
    ) -> int:
        """Take everything a source gives to the end of the road; return the mentions taken.

        `at` tells the time of appending; `moved` is told the mentions of each step.
        """
        total = 0
        for chunk in chunks:
            for item in chunk:
                if isinstance(item, Mention):
                    self._mentions.append(item)
                else:
                    self._rejected.append(item)
            if len(self._mentions) + len(self._rejected) >= self._at_once:
                total += self._step(source, at(), moved)
        total += self._step(source, at(), moved)
        self.engine.end_of_input(at())
        self.settle()
        return total

    def settle(self) -> None:
        """Fold what stands in the log, and bring stores and people level with it."""
        self.engine.fold_all()
        if self._stores is not None:
            consume_mentions(self.engine.log, self._stores.mentions)
            consume_buckets(self.engine.log, self._stores.buckets)
        if self._alerting is not None:
            self._alerting.step(self.engine.fold.time or 0)

    def _step(self, source: str, at: int, moved: Callable[[int], None]) -> int:
        taken = len(self._mentions)
        if taken or self._rejected:
            batch = Batch(source, self._mentions, self._rejected)
            self.engine.submit(batch, self._note_ignored, at)
            self._mentions = []
            self._rejected = []
            self.settle()
            moved(taken)
        return taken

    def _note_ignored(self, receipt: Receipt) -> bytes:
        self.ignored += receipt.dispositions.count(Disposition.NO_BRAND)
        return b""
